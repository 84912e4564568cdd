/// What an email address, a password, a PIN and a token's name may look like.
enum AccountRules {
  /// The address in lower case, as it is stored and compared.
  static func email(_ text: String) throws(AccountRefusal) -> String {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    let isGood =
      parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && text.utf8.count <= 254
      && text.utf8.allSatisfy { (33...126).contains($0) }
    guard isGood else {
      throw AccountRefusal(
        .badEmail, "email must be an address like trader@example.com, at most 254 characters")
    }
    return text.lowercased()
  }

  /// - Parameter lengthMin: in characters. Length is what makes a password hard to guess; kinds of characters do not.
  static func password(_ text: String, lengthMin: Int) throws(AccountRefusal) {
    guard text.count >= lengthMin else {
      throw AccountRefusal(
        .weakPassword, "password has \(text.count) characters: at least \(lengthMin) are needed")
    }
    guard text.utf8.count <= 1_024 else {
      throw AccountRefusal(.weakPassword, "password has \(text.utf8.count) bytes: at most 1024 are taken")
    }
  }

  static func pin(_ text: String) throws(AccountRefusal) {
    guard (4...12).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else {
      throw AccountRefusal(.badPIN, "the PIN must be 4 to 12 digits")
    }
    guard Set(text.utf8).count > 1 else {
      throw AccountRefusal(.badPIN, "the PIN repeats one digit, which is tried first: choose another one")
    }
  }

  static func tokenName(_ text: String) throws(AccountRefusal) {
    let isGood =
      (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
          || [45, 46, 95].contains(byte)
      }
    guard isGood else {
      throw AccountRefusal(.badName, "the token's name must be 1 to 64 characters of A-Z a-z 0-9 . _ -")
    }
  }
}
