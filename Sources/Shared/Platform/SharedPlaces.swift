import CPlatform
import Glibc

/// Files and folders that many sandboxes open alike, found and held open once for all of them: a spawn then neither
/// looks for them nor waits for the disk that they are on.
///
/// A Landlock rule is about what a path led to when it was opened. Once it leads elsewhere (`ldconfig` and editors
/// write a new file and rename it) these are to be made anew, which ``isStill(readable:writable:)`` tells.
public final class SharedPlaces: Sendable, Equatable {
  /// The paths that are held; one that could not be opened is not among them and has to be given in the ordinary
  /// way.
  public let paths: Set<String>
  private let readable: [String]
  private let writable: [String]
  private let held: [rbot_place]
  private let holders: [String]
  private let abi: Int32

  /// Opens what is there.
  ///
  /// - Parameters:
  ///   - readable: absolute paths to read and execute, everything beneath included.
  ///   - writable: likewise to read and write; devices, no folders.
  /// - Returns: nil where the kernel has no Landlock, or all descriptors are in use.
  public init?(readable: [String], writable: [String]) {
    abi = rbot_landlock_abi()
    guard abi > 0 else { return nil }
    var held: [rbot_place] = []
    var holders: [String] = []
    for (paths, isWritable) in [(readable, false), (writable, true)] {
      for path in paths {
        var place = rbot_place()
        guard rbot_open_shared_place(path, &place) == 0 else {
          if [EMFILE, ENFILE, ENOMEM].contains(errno) {
            for place in held { close(place.fd) }
            return nil
          }
          continue
        }
        guard !(isWritable && place.is_folder) else {
          close(place.fd)
          continue
        }
        place.is_writable = isWritable
        held.append(place)
        holders.append(path)
      }
    }
    self.readable = readable
    self.writable = writable
    self.held = held
    self.holders = holders
    paths = Set(holders)
  }

  deinit { for place in held { close(place.fd) } }

  /// Whether it was made of these paths, and all of them lead where they did. It may wait for a disk.
  public func isStill(readable: [String], writable: [String]) -> Bool {
    readable == self.readable && writable == self.writable
      && zip(holders, held).allSatisfy { path, place in
        withUnsafePointer(to: place) { rbot_is_same_place(path, $0) }
      }
  }

  /// A Landlock ruleset that opens them, for one spawn alone; the caller closes it.
  ///
  /// - Returns: the descriptor and the kernel's version of Landlock; nil where the kernel has no room for it.
  func ruleset(allowsNetwork: Bool) -> (fd: Int32, abi: Int32)? {
    let fd = rbot_begin_ruleset(abi, allowsNetwork, held, held.count)
    return fd < 0 ? nil : (fd: fd, abi: abi)
  }

  /// rbot-exec's arguments for the same, where there is no ruleset.
  var arguments: [String] {
    zip(holders, held).flatMap { path, place in [place.is_writable ? "--write" : "--read", path] }
  }

  /// The very same, not others alike.
  public static func == (one: SharedPlaces, other: SharedPlaces) -> Bool { one === other }
}
