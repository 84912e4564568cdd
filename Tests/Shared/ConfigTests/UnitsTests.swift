import Testing

@testable import Config

@Suite struct UnitTests {
  @Test(
    "Durations are read with their units",
    arguments: [
      ("200ms", Duration.milliseconds(200)), ("5s", .seconds(5)), ("1.5m", .seconds(90)),
      ("1h", .seconds(3600)),
      ("2d", .seconds(172_800)), ("10 s", .seconds(10)), ("3us", .microseconds(3)),
    ])
  func durations(text: String, duration: Duration) { #expect(Units.duration(text) == duration) }

  @Test(
    "What is no duration is none",
    arguments: ["", "5", "s", "-1s", "5 parsecs", "1.2.3s", "1e3s", "9999999999999d"])
  func notDurations(text: String) { #expect(Units.duration(text) == nil) }

  @Test(
    "Sizes are decimal with MB and binary with MiB",
    arguments: [
      ("512MB", 512_000_000), ("64KiB", 65_536), ("1k", 1000), ("100", 100), ("2GiB", 2_147_483_648),
      ("7B", 7),
      ("0.5kb", 500),
    ])
  func sizes(text: String, bytes: UInt64) { #expect(Units.size(text) == bytes) }

  @Test("What is no size is none", arguments: ["", "MB", "-5MB", "5XB", "5MiBB", "99999999TB"])
  func notSizes(text: String) { #expect(Units.size(text) == nil) }

  @Test("Rates and shares are read")
  func rates() {
    #expect(Units.rate("1MB/s") == 1_000_000)
    #expect(Units.rate("1MB") == nil)
    #expect(Units.share("50%") == 0.5)
    #expect(Units.share("250 %") == 2.5)
    #expect(Units.share("0.5") == nil)
  }

  @Test("The nearest key is proposed, and nothing where none is near")
  func nearest() {
    let known = ["policy", "backoff", "healthy_after", "limit"]
    #expect(NearestKey.among(known, to: "polcy") == "policy")
    #expect(NearestKey.among(known, to: "limti") == "limit")
    #expect(NearestKey.among(known, to: "Backoff") == "backoff")
    #expect(NearestKey.among(known, to: "zebra") == nil)
    #expect(NearestKey.distance("ab", "ba") == 1)
  }

  @Test("Addresses are host and port")
  func addresses() {
    #expect(ListenAddress("127.0.0.1:8787")?.port == 8787)
    #expect(ListenAddress("[::1]:0")?.description == "[::1]:0")
    #expect(ListenAddress("[::1]:0")?.host == "::1")
    for bad in ["", "localhost", ":80", "host:70000", "::1:80", "host:-1"] {
      #expect(ListenAddress(bad) == nil)
    }
  }
}
