extension DaemonSettings {
  /// What reads well and opens more than was probably meant: a sentence for each.
  public var warnings: [String] {
    guard !gateway.listen.isLoopback else { return [] }
    return [
      "gateway.listen: whoever reaches this machine at \(gateway.listen) sees what the gateway tells there, without "
        + "a password; \"127.0.0.1:\(gateway.listen.port)\" keeps it to this machine"
    ]
  }
}

extension ListenAddress {
  /// Whether only this machine itself can reach it.
  public var isLoopback: Bool {
    // A name may begin with these digits as well, and lead anywhere.
    host == "localhost" || host == "::1"
      || host.hasPrefix("127.") && host.utf8.allSatisfy { (48...57).contains($0) || $0 == 46 }
  }
}
