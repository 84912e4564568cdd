import Lifecycle
import Testing

@testable import Runtime

@Suite("What a reload does")
struct ReloadPlanTests {
  private func plan(_ change: (inout WorkerPlan) -> Void = { _ in }) -> WorkerPlan {
    var plan = WorkerPlan(command: ["true"], folder: "/srv/strategies/grid")
    change(&plan)
    return plan
  }

  private func action(_ old: WorkerPlan, _ new: WorkerPlan, runs: Bool) -> ReloadPlan.Action? {
    var reading = ManifestReading()
    reading.plans["grid"] = new
    let present = ReloadPlan.Present(plan: old, manifest: nil, isWanted: runs, isLive: runs)
    let reload = ReloadPlan(old: ["grid": present], reading: reading) { _, plan in plan.isEnabled }
    return reload.steps.first?.action
  }

  @Test("One that a person runs gets its new limits also when it is enabled in the same edit")
  func enabledAndChanged() {
    let old = plan { $0.isEnabled = false }
    let new = plan { $0.wish.memoryBytes = 1 << 20 }
    #expect(action(old, new, runs: true) == .restart)
    #expect(action(old, new, runs: false) == .start)
    #expect(action(old, plan(), runs: true) == .start, "which finds it running")
  }

  @Test("One that is not enabled any more is stopped, whatever else has changed")
  func disabled() {
    let new = plan {
      $0.isEnabled = false
      $0.wish.memoryBytes = 1 << 20
    }
    #expect(action(plan(), new, runs: true) == .stop)
    #expect(action(plan(), new, runs: false) == Optional(.none))
  }

  @Test("A folder of strategies that cannot be read ends nobody")
  func unreadable() {
    let reading = ManifestReading.load(
      "/nowhere/at/all", python: "python3", places: Machine().ground.places, owners: [:])
    let present = ReloadPlan.Present(plan: plan(), manifest: nil, isWanted: true, isLive: true)
    let reload = ReloadPlan(old: ["grid": present], reading: reading) { _, _ in true }
    #expect(reload.removed.isEmpty && reload.unchanged == ["grid"])
    #expect(reload.steps.map(\.action) == [.none] && reading.issues.count == 1)
  }

  @Test("A rate of output holds at once, and what was dropped stays counted")
  func output() {
    var limit = RateLimit(bytesPerSecond: 10)
    #expect(limit.admit(20, now: .init(nanoseconds: 1)) && !limit.admit(1, now: .init(nanoseconds: 2)))
    limit.drop(3)
    limit.change(bytesPerSecond: 100)
    #expect(limit.admit(1, now: .init(nanoseconds: 3)) && limit.droppedInAll == 3)
  }
}
