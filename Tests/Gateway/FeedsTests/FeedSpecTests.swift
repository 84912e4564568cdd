import Testing

@testable import Feeds

@Suite("The text after --feed")
struct FeedSpecTests {
  @Test("names files and a speed")
  func replay() throws {
    #expect(try FeedSpec("replay:a.csv") == .replay(paths: ["a.csv"], speed: .times(1)))
    #expect(try FeedSpec("replay:a.csv,b/c.csv@max") == .replay(paths: ["a.csv", "b/c.csv"], speed: .max))
    #expect(try FeedSpec("replay:a.csv@2.5") == .replay(paths: ["a.csv"], speed: .times(2.5)))
  }

  @Test("an @ inside a folder's name is part of the path")
  func atSign() throws {
    #expect(try FeedSpec("replay:/me@home/a.csv") == .replay(paths: ["/me@home/a.csv"], speed: .times(1)))
    #expect(try FeedSpec("replay:/me@home/a.csv@max") == .replay(paths: ["/me@home/a.csv"], speed: .max))
  }

  @Test("names a seed, 1 when it does not")
  func synthetic() throws {
    #expect(try FeedSpec("synthetic") == .synthetic(seed: 1))
    #expect(try FeedSpec("synthetic:42") == .synthetic(seed: 42))
  }

  @Test(
    "is written as it is read",
    arguments: ["synthetic:7", "replay:a.csv", "replay:a.csv,b.csv@max", "replay:a.csv@2.5", "replay:a@10"])
  func roundTrip(text: String) throws {
    #expect(try FeedSpec(text).description == text)
  }

  @Test(
    "is refused with a sentence when it means nothing",
    arguments: [
      "", "oanda", "replay", "replay:", "replay:a.csv,,b.csv", "replay:a.csv@0", "replay:a.csv@-1",
      "replay:a.csv@fast", "replay:a.csv@nan", "synthetic:x", "synthetic:",
    ])
  func refused(text: String) {
    #expect {
      try FeedSpec(text)
    } throws: { error in
      (error as? FeedError)?.reason == .badSpec
    }
  }
}
