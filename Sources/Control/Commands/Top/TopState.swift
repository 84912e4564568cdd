import Model
import Wire

/// All that `rbotctl top` shows, as a value: keys, data and time go in, and what is to be done comes out.
struct TopState: Sendable {
  /// Whether rbotd answers.
  enum Link: Hashable, Sendable {
    case connecting
    case up
    case lost(String)
  }

  /// What the keys are for at the moment.
  enum Mode: Hashable, Sendable {
    case table
    /// A filter is being typed; the old one comes back with Escape.
    case filtering(old: String)
    case asking(Question)
    case logs
    /// A text to look for in the logs is being typed.
    case searching(old: String)
    case details(String)
    case help
  }

  /// Waits for y or n.
  struct Question: Hashable, Sendable {
    let verb: String
    let name: String
  }

  /// Something to tell in the last row.
  struct Notice: Hashable, Sendable {
    let text: String
    let isTrouble: Bool
    let until: Timestamp
  }

  /// What comes in.
  enum Input: Sendable {
    case key(TopKey)
    case status(JSON)
    case lost(String)
    case tick
    case resize(Page.Size)
    case answer(String, isTrouble: Bool)
    case logs([TopLogs.Entry], dropped: Int)
    case logsEnded(String)
    case runs(String, [JSON])
  }

  /// What the driver does.
  enum Effect: Hashable, Sendable {
    case command(verb: String, name: String)
    case openLogs(String)
    case closeLogs
    case askRuns(String)
    case suspend
    case redraw
    case quit
  }

  var size: Page.Size
  var now: Timestamp
  var link = Link.connecting
  var data: TopData?
  var mode = Mode.table
  var sort = TopSort.name
  var isReversed = false
  var filter = ""
  /// The strategy under the cursor.
  var selected: String?
  /// How many rows of the table are above the screen.
  var scrolled = 0
  var notice: Notice?
  var logs: TopLogs?
  var runs: (name: String, runs: [JSON])?
  /// Rows of details or help above the screen.
  var pageScrolled = 0

  init(size: Page.Size, now: Timestamp) {
    self.size = size
    self.now = now
  }

  /// The strategies as the table shows them: filtered and sorted.
  var rows: [TopData.Strategy] {
    let all = data?.strategies ?? []
    let wanted = filter.lowercased()
    let found =
      wanted.isEmpty
      ? all : all.filter { $0.name.lowercased().contains(wanted) || $0.state.contains(wanted) }
    return sort.sorted(found, isReversed: isReversed)
  }

  /// Takes one thing in.
  ///
  /// - Parameter now: the time, from which ages are told.
  mutating func handle(_ input: Input, now: Timestamp) -> [Effect] {
    self.now = now
    if let notice, notice.until < now { self.notice = nil }
    switch input {
    case .key(let key): return press(key)
    case .status(let status):
      if case .lost = link { tell("rbotd answers again") }
      link = .up
      data = TopData(status, at: now)
      followSelection()
    case .lost(let why): link = .lost(why)
    case .tick: break
    case .resize(let size):
      self.size = size
      followSelection()
    case .answer(let text, let isTrouble): tell(text, isTrouble: isTrouble)
    case .logs(let entries, let dropped): logs?.append(entries, dropped: dropped)
    case .logsEnded(let why): logs?.ended = why
    case .runs(let name, let runs): self.runs = (name, runs)
    }
    return []
  }

  mutating func tell(_ text: String, isTrouble: Bool = false) {
    notice = Notice(text: text, isTrouble: isTrouble, until: now.advanced(seconds: isTrouble ? 8 : 4))
  }

  /// Keeps the cursor on its strategy, and the strategy on the screen.
  mutating func followSelection() {
    let names = rows.map(\.name)
    guard !names.isEmpty else {
      scrolled = 0
      return
    }
    let index = selected.flatMap { names.firstIndex(of: $0) } ?? min(scrolled, names.count - 1)
    selected = names[index]
    let visible = max(1, TopLayout(self).tableRows)
    scrolled = max(0, min(scrolled, names.count - visible))
    if index < scrolled { scrolled = index }
    if index >= scrolled + visible { scrolled = index - visible + 1 }
  }

  mutating func move(by delta: Int) {
    let names = rows.map(\.name)
    guard !names.isEmpty else { return }
    let index = selected.flatMap { names.firstIndex(of: $0) } ?? 0
    let (sum, overflow) = index.addingReportingOverflow(delta)
    selected = names[overflow ? (delta > 0 ? names.count - 1 : 0) : max(0, min(names.count - 1, sum))]
    followSelection()
  }
}
