import Glibc
public import Model
import Platform
import Wire

/// `--rehearse FROM[,xRATE]`: schedules see a clock that begins at another moment and may run faster.
///
/// It is for looking at what schedules will do, as over a change to summer time or a week with a holiday, with workers
/// that really start. Everything else (timeouts, the times of logs, quotes) stays with the real clock.
public struct Rehearsal: Hashable, Sendable {
  /// What the schedules' clock shows when rbotd starts.
  public let from: Timestamp
  /// Seconds that pass on it in one real second.
  public let rate: Int64

  /// The fastest: a real second is a day and a bit.
  public static let rateMax: Int64 = 100_000

  public init(from: Timestamp, rate: Int64) {
    self.from = from
    self.rate = rate
  }

  /// What is wrong with its text, as a sentence.
  public struct Mistake: Error, Hashable {
    public let message: String
  }

  /// Reads `2026-03-06T14:29:00Z` or `2026-03-06T14:29:00Z,x600`.
  public init(_ text: String) throws(Mistake) {
    let parts = text.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
    guard let from = Timestamp(parts[0]) else {
      throw Mistake(
        message: "\"\(parts[0])\" is no moment to rehearse from; write it as 2026-03-06T14:29:00Z or"
          + " 2026-03-06T09:29:00-05:00")
    }
    self.from = from
    guard parts.count == 2 else {
      rate = 1
      return
    }
    guard parts[1].hasPrefix("x"), parts[1].utf8.dropFirst().allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
      let rate = Int64(parts[1].dropFirst()), (1...Self.rateMax).contains(rate)
    else {
      throw Mistake(
        message: "\"\(parts[1])\" is no rate of a rehearsal; write x1 to x\(Self.rateMax), as in"
          + " 2026-03-06T14:29:00Z,x600")
    }
    self.rate = rate
  }

  /// `REHEARSAL: schedules began at 2026-03-06T14:29:00Z and run 600 times as fast`, for people.
  public var words: String {
    "REHEARSAL: schedules see a clock that began at \(from.toTheSecond)"
      + (rate == 1 ? "" : " and runs \(rate) times as fast") + "; no slot is at its real time"
  }
}

extension Timestamp {
  /// `2026-03-06T14:29:00Z`.
  var toTheSecond: String { description.prefix(19) + "Z" }
}

extension Rehearsal {
  /// Keeps rehearsals and the real thing apart: slots and positions of either would be taken for the other's.
  ///
  /// - Returns: a sentence that says why this home cannot be used; nil where it can, and is marked then.
  static func objection(_ rehearsal: Rehearsal?, in layout: HomeLayout) throws(SystemError) -> String? {
    let mark = layout.state + "/rehearsal"
    let isMarked = access(mark, F_OK) == 0
    guard rehearsal != nil else {
      return isMarked
        ? "\(layout.state) is a home of rehearsals (the file rehearsal in it says so): its slots and trades never"
          + " were; give another --home"
        : nil
    }
    let databases = [layout.supervisorDatabase, layout.tradingDatabase]
    if !isMarked, let used = databases.first(where: { access($0, F_OK) == 0 }) {
      return
        "\(layout.state) is in use by more than rehearsals (there is \(used)): what is rehearsed here would be"
        + " taken for what happened; give a --home of its own"
    }
    let file = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw SystemError("make \(mark)") }
    close(file)
    return nil
  }
}

extension Supervisor {
  /// What is to be read wherever the state of things is shown; empty without a rehearsal.
  var rehearsalNotes: [String] {
    clock.rehearsal.map { ["\($0.words) (it shows \(clock.now.toTheSecond))"] } ?? []
  }

  /// For the status; null without a rehearsal.
  var rehearsalPart: JSON {
    guard let rehearsal = clock.rehearsal else { return .null }
    return [
      "from": .string(rehearsal.from.description), "rate": .int(rehearsal.rate),
      "now": .string(clock.now.description),
    ]
  }

  /// Real money is not rehearsed with: ends the daemon where the gateway could trade with it.
  func refuseToRehearse(in mode: String?) {
    guard clock.rehearsal != nil, mode != "paper", mode != "off" else { return }
    failure = Refusal(
      "rehearsal",
      "the gateway's mode is \(mode ?? "not known"), and a rehearsal is for paper or off only: leave out --rehearse"
    )
    later { $0.shutDown("a rehearsal is for paper or off only") }
  }
}
