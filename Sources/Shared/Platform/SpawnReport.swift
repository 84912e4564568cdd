import Glibc

/// What rbot-exec says on its way to the command, line by line. A pure value.
///
/// ```
/// layer NAME on DETAIL…
/// layer NAME off ERRNO DETAIL…
/// listener                      this line carries the descriptor of the notifications
/// STAGE ERRNO                   the stage failed, and the command does not run
/// ```
struct SpawnReport {
  /// The layers that were told, in order.
  private(set) var layers: [SandboxLayer] = []
  /// The stage that failed, and its errno.
  private(set) var failure: (stage: String, code: Int32)?
  /// Lines that make no sense: rbot-exec is of another version than we.
  private(set) var unknown = 0
  private var rest: [UInt8] = []

  /// Bytes of one line that are kept; what is longer is cut.
  static let lineBytesMax = 1024
  /// Layers that are kept.
  static let layersMax = 32

  /// Takes in what has arrived.
  mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        endLine()
      } else if rest.count < Self.lineBytesMax {
        rest.append(byte)
      }
    }
  }

  /// Nothing follows; a last line without its end counts too.
  mutating func end() {
    if !rest.isEmpty { endLine() }
  }

  private mutating func endLine() {
    let line = String(decoding: rest, as: UTF8.self)
    rest.removeAll(keepingCapacity: true)
    let words = line.split(separator: " ", maxSplits: 3)
    switch words.first {
    case "layer" where words.count >= 3 && words[2] == "on":
      tell(words[1], true, words.count > 3 ? words[3] : "")
    case "layer" where words.count >= 4 && words[2] == "off":
      let parts = words[3].split(separator: " ", maxSplits: 1)
      let reason = Int32(parts[0]).map { SystemError.text($0) } ?? String(parts[0])
      tell(words[1], false, parts.count > 1 ? parts[1] : Substring(reason))
    case "listener" where words.count == 1: break
    case let stage? where words.count == 2 && stage != "layer":
      guard let code = Int32(words[1]) else {
        unknown += 1
        return
      }
      failure = failure ?? (stage: String(stage), code: code)
    default: unknown += 1
    }
  }

  private mutating func tell(_ name: Substring, _ isInForce: Bool, _ detail: Substring) {
    guard layers.count < Self.layersMax else {
      unknown += 1
      return
    }
    layers.append(SandboxLayer(name: String(name), isInForce: isInForce, detail: String(detail)))
  }
}
