import Crypto
import CryptoExtras

/// A password or PIN as it is stored: scrypt (RFC 7914) with its parameters and a salt, in the PHC string format.
///
/// `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`. Hashing takes 32 MiB and some 200 ms of one core, which is what makes trying
/// many passwords expensive; so it is done on a thread of its own, one at a time.
struct PasswordHash: Hashable, Sendable {
  struct Cost: Hashable, Sendable {
    /// log₂ of scrypt's N.
    var logN = 15
    var blockSize = 8
    var parallelism = 3

    /// OWASP's second choice of parameters, which holds 32 MiB.
    static let standard = Cost()
  }

  private let cost: Cost
  private let salt: [UInt8]
  private let hash: [UInt8]

  /// Hashes a new password.
  init(_ password: String, cost: Cost = .standard) throws(AccountRefusal) {
    self.cost = cost
    salt = Secret.bytes(16)
    hash = try Self.derive(password, salt, cost)
  }

  /// Reads a stored one; nil where it is none.
  init?(text: String) {
    let parts = text.split(separator: "$", omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt", let salt = Base64URL.decode(parts[3]),
      let hash = Base64URL.decode(parts[4]), salt.count >= 8, hash.count == 32
    else { return nil }
    let numbers = parts[2].split(separator: ",").map { $0.split(separator: "=") }
    guard numbers.count == 3, numbers.map({ $0.first }) == ["ln", "r", "p"] else { return nil }
    let values = numbers.compactMap { $0.count == 2 ? Int($0[1]) : nil }
    // Bounded, so that a damaged row cannot take all memory.
    guard values.count == 3, (1...20).contains(values[0]), (1...32).contains(values[1]),
      (1...16).contains(values[2])
    else { return nil }
    cost = Cost(logN: values[0], blockSize: values[1], parallelism: values[2])
    self.salt = salt
    self.hash = hash
  }

  var text: String {
    "$scrypt$ln=\(cost.logN),r=\(cost.blockSize),p=\(cost.parallelism)$\(Base64URL.encode(salt))"
      + "$\(Base64URL.encode(hash))"
  }

  func matches(_ password: String) throws(AccountRefusal) -> Bool {
    Secret.equal(try Self.derive(password, salt, cost), hash)
  }

  private static func derive(_ password: String, _ salt: [UInt8], _ cost: Cost) throws(AccountRefusal)
    -> [UInt8]
  {
    do {
      let key = try KDF.Scrypt.deriveKey(
        from: Array(password.utf8), salt: salt, outputByteCount: 32, rounds: 1 << cost.logN,
        blockSize: cost.blockSize, parallelism: cost.parallelism)
      return key.withUnsafeBytes { Array($0) }
    } catch {
      throw AccountRefusal(
        .storage, "the password could not be hashed (\(error)): is there memory left? Try again.")
    }
  }
}
