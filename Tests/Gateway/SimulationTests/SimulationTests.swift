import Foundation
import Testing

/// Thousands of short lives of a gateway, each from one seed: RBOT_SIM_SEED=N plays one again, RBOT_SIM_SEEDS=N so many.
@Suite struct SimulationTests {
  private static let environment = ProcessInfo.processInfo.environment
  static let only = environment["RBOT_SIM_SEED"].flatMap { UInt64($0) }
  static let seeds = environment["RBOT_SIM_SEEDS"].flatMap { UInt64($0) } ?? 2_000
  static let isWhole = environment["RBOT_SIM_SEEDS"] != nil
  static let began = ContinuousClock.now
  static let parts: UInt64 = 8

  @Test(arguments: 0..<parts)
  func `no order is lost, doubled or left unprotected, whatever fails`(part: UInt64) {
    if let only = Self.only {
      if part == 0 { report(World.play(only, isTold: true)) }
      return
    }
    var crashes = 0
    var played = 0
    for seed in stride(from: part, to: Self.seeds, by: UInt64.Stride(Self.parts)) {
      // A machine that is slow or busy plays fewer of them.
      guard Self.isWhole || played < 25 || Self.began.duration(to: .now) < .seconds(40) else { break }
      played += 1
      let world = World.play(seed)
      crashes += world.crashes
      report(world)
      if !world.violations.isEmpty { break }
    }
    #expect(crashes > 0)
  }

  private func report(_ world: World) {
    let found = world.violations.prefix(5).joined(separator: "\n  ")
    #expect(
      world.violations.isEmpty, "seed \(world.seed), again with RBOT_SIM_SEED=\(world.seed):\n  \(found)")
  }

  @Test(arguments: Bug.allCases)
  func `every mistake that is made on purpose is found`(bug: Bug) {
    let found = (UInt64(0)..<200).first { !World.play($0, bug: bug).violations.isEmpty }
    #expect(found != nil, "200 seeds did not notice that the desk \(bug.rawValue)")
  }
}
