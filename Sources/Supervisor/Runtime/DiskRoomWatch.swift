import Model
import Platform
import SupervisorStore

/// Tells when the disk that rbotd writes to is nearly full, before it is. A pure value.
struct DiskRoomWatch {
  /// Below this it is nearly full, whatever its size.
  private static let bytesMin: UInt64 = 1 << 30

  enum Change: Equatable {
    case becameLow
    case isBack
  }

  /// What people are told while there is little room.
  private(set) var warnings: [String] = []
  private var isLow = false

  /// So much is little on a disk of that size: 5 %, and a gigabyte at most.
  static func little(of size: UInt64) -> UInt64 { min(size / 20, bytesMin) }

  /// Takes in a look. There is room again once half as much again is free: at the edge nothing is told twice.
  mutating func look(_ room: DiskRoom) -> Change? {
    let little = Self.little(of: room.size)
    if !isLow, room.free < little {
      isLow = true
      return .becameLow
    }
    if isLow, room.free >= little + little / 2 {
      isLow = false
      warnings = []
      return .isBack
    }
    return nil
  }

  /// - Parameter largest: the state folder that holds most, if any was found.
  mutating func explain(_ room: DiskRoom, folder: String, largest: (name: String, bytes: UInt64)?) -> String {
    let most = largest.map {
      "; of the strategies \($0.name) holds most, \(ByteWords.of($0.bytes)) in its state folder"
    }
    let text =
      "only \(ByteWords.of(room.free)) of \(ByteWords.of(room.size)) are free on the disk of "
      + "\(folder)\(most ?? ""): make room, or what happens can no longer be recorded"
    warnings = [text]
    return text
  }
}

extension Supervisor {
  /// One look; called every ten seconds.
  func watchDiskRoom() {
    let home = options.layout.state
    guard !disks.isLookingAtRoom else { return }
    disks.isLookingAtRoom = true
    let folders = strategies.map { ($0.name, options.layout.stateDirectory(of: $0.name), $0.user) }
    Task {
      let room = await SandboxDriver.away { DiskRoom(of: home) }
      self.disks.isLookingAtRoom = false
      guard let room, let change = self.disks.room.look(room) else { return }
      guard change == .becameLow else {
        return self.say(.info, "there is room on the disk of \(home) again: \(ByteWords.of(room.free))")
      }
      let largest = await SandboxDriver.away { Self.largest(of: folders) }
      let warning = self.disks.room.explain(room, folder: home, largest: largest)
      self.say(.critical, warning)
    }
  }

  private nonisolated static func largest(
    of folders: [(name: String, path: String, user: UInt32?)]
  ) -> (name: String, bytes: UInt64)? {
    // All of them together may not take for ever.
    let end = ContinuousClock.now + .seconds(20)
    return folders.compactMap { folder -> (name: String, bytes: UInt64)? in
      guard ContinuousClock.now < end,
        let size = try? FileTree(path: folder.path).size(as: folder.user, stop: { ContinuousClock.now > end })
      else { return nil }
      return (name: folder.name, bytes: size.bytes)
    }.max { $0.bytes < $1.bytes }
  }
}
