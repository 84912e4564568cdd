public import Model
public import NIOCore

extension LogLevel {
  init?(_ bytes: UnsafeRawBufferPointer) {
    switch true {
    case bytes == "info": self = .info
    case bytes == "debug": self = .debug
    case bytes == "warning": self = .warning
    case bytes == "error": self = .error
    case bytes == "critical": self = .critical
    default: return nil
    }
  }
}

/// A `log` notification of a worker.
public struct LogRecord: Hashable, Sendable {
  public var level: LogLevel
  public var message: String
  /// The JSON text of `fields`, an object; nil when there are none.
  public var fieldsJSON: String?
  public var time: Timestamp?

  public init(level: LogLevel, message: String, fieldsJSON: String? = nil, time: Timestamp? = nil) {
    self.level = level
    self.message = message
    self.fieldsJSON = fieldsJSON
    self.time = time
  }

  /// Reads the parameters; nil when a field is missing or of the wrong kind.
  public init?(params: UnsafeRawBufferPointer) {
    var level = LogLevel?.none
    var message = String?.none
    var fields = String?.none
    var time = Timestamp?.none
    var scanner = JSONScanner(params)
    do throws(WireError) {
      try scanner.object { (key, scanner) throws(WireError) in
        if key == "level" {
          level = LogLevel(try scanner.stringBytes().bytes)
        } else if key == "message" {
          message = try scanner.string()
        } else if key == "fields", scanner.peek() == UInt8(ascii: "{") {
          let text = try scanner.skip()
          if text.count > 2 { fields = String(decoding: text, as: UTF8.self) }
        } else if key == "time", scanner.peek() == UInt8(ascii: "\"") {
          time = Timestamp(rfc3339: try scanner.stringBytes().bytes)
        } else {
          try scanner.skip()
        }
      }
    } catch {
      return nil
    }
    guard let level, let message else { return nil }
    self.init(level: level, message: message, fieldsJSON: fields, time: time)
  }
}

/// One sample of a worker's own metric.
public struct MetricSample: Hashable, Sendable {
  public var name: String
  public var value: Double
  /// The JSON text of `labels`, an object of strings; nil when there are none.
  public var labelsJSON: String?
  public var time: Timestamp?

  public init(name: String, value: Double, labelsJSON: String? = nil, time: Timestamp? = nil) {
    self.name = name
    self.value = value
    self.labelsJSON = labelsJSON
    self.time = time
  }

  /// Reads one object; nil when a field is missing or of the wrong kind.
  public init?(params: UnsafeRawBufferPointer) {
    var scanner = JSONScanner(params)
    guard let sample = Self.read(&scanner) else { return nil }
    self = sample
  }

  /// Reads the array of a `metrics` notification: the good samples, and how many were not.
  public static func list(params: UnsafeRawBufferPointer) -> (samples: [MetricSample], malformed: Int) {
    var samples: [MetricSample] = []
    var malformed = 0
    var scanner = JSONScanner(params)
    do throws(WireError) {
      try scanner.array { (scanner) throws(WireError) in
        let item = try scanner.skip()
        if let sample = MetricSample(params: item) { samples.append(sample) } else { malformed += 1 }
      }
    } catch {
      malformed += 1
    }
    return (samples, malformed)
  }

  private static func read(_ scanner: inout JSONScanner) -> MetricSample? {
    var name = String?.none
    var value = Double?.none
    var labels = String?.none
    var time = Timestamp?.none
    do throws(WireError) {
      try scanner.object { (key, scanner) throws(WireError) in
        if key == "name" {
          name = try scanner.string()
        } else if key == "value" {
          value = try Self.number(&scanner)
        } else if key == "labels", scanner.peek() == UInt8(ascii: "{") {
          let text = try scanner.skip()
          if text.count > 2 { labels = String(decoding: text, as: UTF8.self) }
        } else if key == "time", scanner.peek() == UInt8(ascii: "\"") {
          time = Timestamp(rfc3339: try scanner.stringBytes().bytes)
        } else {
          try scanner.skip()
        }
      }
    } catch {
      return nil
    }
    guard let name, !name.isEmpty, name.utf8.count <= 200, let value, value.isFinite else { return nil }
    return MetricSample(name: name, value: value, labelsJSON: labels, time: time)
  }

  /// A number, or a decimal string as the protocol writes money.
  private static func number(_ scanner: inout JSONScanner) throws(WireError) -> Double? {
    if scanner.peek() == UInt8(ascii: "\"") { return Double(try scanner.string()) }
    return Double(String(decoding: try scanner.skip(), as: UTF8.self))
  }
}

/// A `heartbeat` notification.
public struct Heartbeat: Hashable, Sendable {
  /// A counter that the strategy's own loop advances.
  public let progress: Int64
  /// The callback that runs, as the strategy's language calls it; nil where none does, or that is not told.
  public private(set) var callback: String?
  /// For how long it has been running; nil likewise.
  public private(set) var busyMilliseconds: Int64?

  public init?(params: UnsafeRawBufferPointer) {
    var progress = Int64?.none
    var callback = String?.none
    var busy = Int64?.none
    var scanner = JSONScanner(params)
    do throws(WireError) {
      try scanner.object { (key, scanner) throws(WireError) in
        if key == "callback", scanner.peek() == UInt8(ascii: "\"") {
          callback = String(try scanner.string().prefix(Self.callbackCharactersMax))
          return
        }
        let value = try scanner.skip()
        if key == "progress" { progress = Int64(String(decoding: value, as: UTF8.self)) }
        if key == "busy_ms" { busy = Int64(String(decoding: value, as: UTF8.self)) }
      }
    } catch {
      return nil
    }
    guard let progress else { return nil }
    self.progress = progress
    guard let callback, !callback.isEmpty, let busy, busy >= 0 else { return }
    self.callback = callback
    busyMilliseconds = busy
  }

  private static let callbackCharactersMax = 64
}

extension ByteBuffer {
  /// Writes a `log` notification line.
  public mutating func writeLog(_ record: LogRecord) {
    writeNotification("log") { writer in
      writer.beginObject()
      writer.field("level", record.level.rawValue)
      writer.field("message", record.message)
      if let fields = record.fieldsJSON {
        writer.key("fields")
        writer.value(json: fields)
      }
      if let time = record.time { writer.field("time", time) }
      writer.endObject()
    }
  }

  /// Writes a `metric` notification line.
  public mutating func writeMetric(_ sample: MetricSample) {
    writeNotification("metric") { writer in
      writer.beginObject()
      writer.field("name", sample.name)
      writer.field("value", JSON.double(sample.value))
      if let labels = sample.labelsJSON {
        writer.key("labels")
        writer.value(json: labels)
      }
      if let time = sample.time { writer.field("time", time) }
      writer.endObject()
    }
  }
}
