import Foundation
import Model
import NIOCore
import NIOPosix
import Synchronization

@testable import Accounts

/// Accounts in a file of their own, with a clock that a test moves.
final class Office: Sendable {
  static let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  /// Cheap, so that a hundred logins take no minute.
  static let cost = PasswordHash.Cost(logN: 4, blockSize: 8, parallelism: 1)

  let folder: URL
  let clock = Mutex<Int64>(1_700_000_000)

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "accounts-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  var path: String { folder.appending(path: "accounts.sqlite").path }

  func pass(_ seconds: Int64) { clock.withLock { $0 += seconds } }

  /// Opens the file; a second time is a restart.
  func open(_ settings: AccountSettings = AccountSettings()) throws -> Accounts {
    try Accounts(path: path, settings: settings, on: Self.loops.next(), cost: Self.cost) { [self] in
      Timestamp(nanoseconds: clock.withLock { $0 } * 1_000_000_000)
    }
  }

  func openWithTrader() async throws -> Accounts {
    let accounts = try open()
    _ = try await accounts.addUser(
      email: "trader@local", password: "correct horse", role: .trader, by: nil, from: "127.0.0.1")
    return accounts
  }
}

/// The word of the refusal that `body` throws; nil when it passes.
func reason<Value>(_ body: () async throws -> Value) async -> AccountRefusal.Reason? {
  do {
    _ = try await body()
    return nil
  } catch {
    return (error as? AccountRefusal)?.reason
  }
}
