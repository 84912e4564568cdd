import Model
import Testing
import Trading

/// Random traders on a random market: what must hold after every step, whatever happens.
@Suite struct RandomDeskTests {
  @Test(arguments: UInt64(1)...10)
  func `the books agree after every step, through restarts`(seed: UInt64) {
    var world = World(seed: seed, restarts: true)
    for step in 0..<400 {
      world.step()
      // The checks read the whole journal: every fourth step keeps the test short.
      if step % 4 == 0 { world.check("seed \(seed), step \(step)") }
    }
    world.end()
    world.check("seed \(seed), at the end")
    #expect(world.journal.orders.values.allSatisfy { $0.state.isFinal }, "seed \(seed)")
  }

  @Test(arguments: UInt64(201)...212)
  func `the books agree where quotes have sizes and orders take time, through restarts`(seed: UInt64) {
    var world = World(seed: seed, restarts: true, isSized: true, latency: seed % 2 == 0 ? 90_000 : 0)
    for step in 0..<400 {
      world.step()
      if step % 4 == 0 { world.check("seed \(seed), step \(step)") }
    }
    world.end()
    world.check("seed \(seed), at the end")
    #expect(world.journal.orders.values.allSatisfy { $0.state.isFinal }, "seed \(seed)")
    #expect(world.wasPartlyFilled, "seed \(seed)")
  }

  @Test(arguments: UInt64(101)...104)
  func `the same seed gives the same journal, with restarts or without`(seed: UInt64) {
    var worlds = [false, false, true].map {
      World(seed: seed, restarts: $0, latency: seed % 2 == 0 ? 90_000 : 0)
    }
    for index in worlds.indices {
      for _ in 0..<300 { worlds[index].step() }
      worlds[index].end()
    }
    #expect(worlds[0].journal == worlds[1].journal, "seed \(seed)")
    #expect(worlds[0].journal.fills == worlds[2].journal.fills, "seed \(seed)")
    // A stop loss that somebody moved back follows again at the quote that the restart repeats, one quote earlier.
    let states = worlds.map { $0.journal.orders.mapValues { $0.state } }
    #expect(states[0] == states[2], "seed \(seed)")
    #expect(worlds[0].journal.accounts == worlds[2].journal.accounts, "seed \(seed)")
    #expect(!worlds[0].journal.fills.isEmpty)
  }
}
