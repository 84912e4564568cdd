/// What each key does.
extension TopState {
  mutating func press(_ key: TopKey) -> [Effect] {
    switch key {
    case .control("c"): return [.quit]
    case .control("z"): return [.suspend]
    case .control("l"): return [.redraw]
    default: break
    }
    switch mode {
    case .table: return pressInTable(key)
    case .filtering(let old): typing(key, old: old)
    case .asking(let question): return answer(key, question)
    case .logs: return pressInLogs(key)
    case .searching(let old): searching(key, old: old)
    case .details, .help: leavePage(key)
    }
    return []
  }

  private mutating func pressInTable(_ key: TopKey) -> [Effect] {
    let page = max(1, TopLayout(self).tableRows - 1)
    switch key {
    case .up: move(by: -1)
    case .down: move(by: 1)
    case .pageUp: move(by: -page)
    case .pageDown: move(by: page)
    case .home: move(by: .min)
    case .end: move(by: .max)
    case .enter: return openLogs()
    case .escape:
      filter = ""
      followSelection()
    case .character(let character): return command(character)
    default: break
    }
    return []
  }

  private mutating func command(_ character: Character) -> [Effect] {
    switch character {
    case "q": return [.quit]
    case "?":
      mode = .help
      pageScrolled = 0
    case "/": mode = .filtering(old: filter)
    case "l": return openLogs()
    case "i": return openDetails()
    case "p":
      guard let row = chosen else { return [] }
      return order(row.isPaused ? "resume" : "pause", row.name)
    case "s": return chosen.map { order("start", $0.name) } ?? []
    case "R": return chosen.map { order("reset", $0.name) } ?? []
    case "z":
      guard let row = chosen else { return [] }
      if row.isFrozen { return order("resume", row.name) }
      ask("freeze")
    case "k": ask("stop")
    case "r": ask("restart")
    case "v":
      isReversed.toggle()
      followSelection()
    case "<", ">":
      let all = TopSort.allCases
      let index = all.firstIndex(of: sort) ?? 0
      sort = all[(index + (character == ">" ? 1 : all.count - 1)) % all.count]
      followSelection()
    default:
      guard let chosen = TopSort.allCases.first(where: { $0.key == character }) else { return [] }
      isReversed = chosen == sort ? !isReversed : false
      sort = chosen
      followSelection()
    }
    return []
  }

  /// The strategy under the cursor.
  var chosen: TopData.Strategy? { rows.first { $0.name == selected } }

  private mutating func order(_ verb: String, _ name: String) -> [Effect] {
    guard link == .up else {
      tell("rbotd does not answer: nothing was asked", isTrouble: true)
      return []
    }
    tell("\(verb) \(name) …")
    return [.command(verb: verb, name: name)]
  }

  private mutating func ask(_ verb: String) {
    if let chosen { mode = .asking(Question(verb: verb, name: chosen.name)) }
  }

  private mutating func answer(_ key: TopKey, _ question: Question) -> [Effect] {
    switch key {
    case .character("y"), .character("Y"):
      mode = .table
      return order(question.verb, question.name)
    case .character("n"), .character("N"), .character("q"), .escape:
      mode = .table
      tell("nothing was done")
    default: break
    }
    return []
  }

  /// A line that is typed; longer ones are of no use.
  private static func typed(_ key: TopKey, _ text: String) -> String {
    switch key {
    case .character(let character): text.count < 64 ? text + String(character) : text
    case .backspace: String(text.dropLast())
    case .control("u"): ""
    default: text
    }
  }

  private mutating func typing(_ key: TopKey, old: String) {
    switch key {
    case .enter: mode = .table
    case .escape:
      filter = old
      mode = .table
    default: filter = Self.typed(key, filter)
    }
    followSelection()
  }

  // MARK: Logs and pages

  private mutating func openLogs() -> [Effect] {
    guard let name = selected else { return [] }
    logs = TopLogs(name: name)
    mode = .logs
    return [.openLogs(name)]
  }

  private mutating func openDetails() -> [Effect] {
    guard let name = selected else { return [] }
    mode = .details(name)
    pageScrolled = 0
    runs = nil
    return [.askRuns(name)]
  }

  private mutating func pressInLogs(_ key: TopKey) -> [Effect] {
    let page = max(1, size.rows - 3)
    switch key {
    case .up: logs?.scroll(by: 1, visible: page, width: size.columns)
    case .down: logs?.scroll(by: -1, visible: page, width: size.columns)
    case .pageUp: logs?.scroll(by: page, visible: page, width: size.columns)
    case .pageDown: logs?.scroll(by: -page, visible: page, width: size.columns)
    case .home: logs?.scroll(by: .max, visible: page, width: size.columns)
    case .end: logs?.scroll(by: .min, visible: page, width: size.columns)
    case .character("/"): mode = .searching(old: logs?.search ?? "")
    case .character("q"), .escape:
      mode = .table
      logs = nil
      return [.closeLogs]
    case .character(let character):
      if let level = TopLogs.levels.first(where: { $0.key == character }) { logs?.show(level.name) }
    default: break
    }
    return []
  }

  private mutating func searching(_ key: TopKey, old: String) {
    switch key {
    case .enter: mode = .logs
    case .escape:
      logs?.look(for: old)
      mode = .logs
    default:
      let text = Self.typed(key, logs?.search ?? "")
      logs?.look(for: text)
    }
  }

  private mutating func leavePage(_ key: TopKey) {
    switch key {
    case .down: pageScrolled += 1
    case .up: pageScrolled = max(0, pageScrolled - 1)
    case .pageDown: pageScrolled += max(1, size.rows - 4)
    case .pageUp: pageScrolled = max(0, pageScrolled - max(1, size.rows - 4))
    case .home: pageScrolled = 0
    case .character("q"), .character("?"), .character("i"), .escape, .enter: mode = .table
    default: break
    }
    pageScrolled = min(pageScrolled, max(0, TopPages(self).lines.count - TopPages.visible(size)))
  }
}
