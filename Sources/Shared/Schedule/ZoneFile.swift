/// Why the bytes of a zone are none.
public struct ZoneError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
}

extension ZoneRules {
  /// Reads a compiled zone, as in `/usr/share/zoneinfo` (TZif, RFC 8536).
  ///
  /// - Throws: ``ZoneError`` where the bytes are cut or no zone.
  public init(tzif bytes: [UInt8]) throws(ZoneError) {
    var reader = Reader(bytes: bytes)
    let version = try reader.header()
    if version.number >= 2 {
      // The first block holds the same in 32 bits, for programs of long ago.
      try reader.skip(version.counts.bytes(ofTime: 4))
      let second = try reader.header()
      self = try reader.rules(second.counts, bytesOfTime: 8, hasFooter: true)
    } else {
      self = try reader.rules(version.counts, bytesOfTime: 4, hasFooter: false)
    }
  }

  private struct Counts {
    let universal, standard, leaps, times, kinds, characters: Int

    func bytes(ofTime size: Int) -> Int {
      times * (size + 1) + kinds * 6 + characters + leaps * (size + 4) + standard + universal
    }
  }

  private struct Reader {
    let bytes: [UInt8]
    var index = 0

    mutating func skip(_ count: Int) throws(ZoneError) {
      guard count >= 0, index + count <= bytes.count else {
        throw ZoneError(description: "the zone's file is cut")
      }
      index += count
    }

    mutating func integer(_ size: Int) throws(ZoneError) -> Int64 {
      let start = index
      try skip(size)
      var value = Int64(Int8(bitPattern: bytes[start]))
      for byte in bytes[(start + 1)..<index] { value = value << 8 | Int64(byte) }
      return value
    }

    mutating func byte() throws(ZoneError) -> Int {
      try skip(1)
      return Int(bytes[index - 1])
    }

    mutating func header() throws(ZoneError) -> (number: Int, counts: Counts) {
      let start = index
      try skip(20)
      guard bytes[start..<start + 4].elementsEqual("TZif".utf8) else {
        throw ZoneError(description: "the file is no compiled time zone")
      }
      let version = bytes[start + 4]
      var counts: [Int] = []
      for _ in 0..<6 { counts.append(Int(try integer(4))) }
      guard counts.allSatisfy({ $0 >= 0 && $0 < 1 << 20 }) else {
        throw ZoneError(description: "the zone's file counts what cannot be")
      }
      return (
        version == 0 ? 1 : Int(version) - 48,
        Counts(
          universal: counts[0], standard: counts[1], leaps: counts[2], times: counts[3], kinds: counts[4],
          characters: counts[5])
      )
    }

    mutating func rules(_ counts: Counts, bytesOfTime size: Int, hasFooter: Bool) throws(ZoneError)
      -> ZoneRules
    {
      var times: [Int64] = []
      for _ in 0..<counts.times { times.append(try integer(size)) }
      var numbers: [Int] = []
      for _ in 0..<counts.times { numbers.append(try byte()) }
      var raw: [(offset: Int64, isDaylightSaving: Bool, name: Int)] = []
      for _ in 0..<counts.kinds { raw.append((try integer(4), try byte() != 0, try byte())) }
      let names = index
      try skip(counts.characters)
      let kinds = raw.map { kind in
        let name = bytes[names..<names + counts.characters].dropFirst(kind.name).prefix { $0 != 0 }
        return Kind(
          offset: kind.offset, isDaylightSaving: kind.isDaylightSaving,
          abbreviation: String(decoding: name, as: UTF8.self))
      }
      try skip(counts.leaps * (size + 4) + counts.standard + counts.universal)
      guard let first = kinds.first, numbers.allSatisfy({ $0 < kinds.count }),
        zip(times, times.dropFirst()).allSatisfy({ $0 < $1 })
      else { throw ZoneError(description: "the zone's file contradicts itself") }
      return ZoneRules(
        changes: times, kinds: numbers.map { kinds[$0] }, first: first, footer: hasFooter ? try footer() : nil
      ).tabled()
    }

    private mutating func footer() throws(ZoneError) -> ZoneFooter? {
      let text = bytes[index...].dropFirst().prefix { $0 != 10 }
      guard !text.isEmpty else { return nil }
      var reader = ZoneFooterReader(String(decoding: text, as: UTF8.self))
      guard let footer = reader.read() else {
        throw ZoneError(
          description:
            "the zone's rule for later years cannot be read: \(String(decoding: text, as: UTF8.self))")
      }
      return footer
    }
  }
}
