import Platform

/// Finds the daemon's control socket.
enum SocketPath {
  /// Goes by `--socket`, then `--home`, then `RBOT_HOME`, then `./.rbot` where a daemon of a developer has its
  /// socket, then the home that rbotd itself would choose.
  static func find(
    socket: String?, home: String?, environment: [String: String], user: UInt32, exists: (String) -> Bool
  ) throws(Failure) -> String {
    do throws(HomeError) {
      if let socket {
        let path = HomeLayout.absolute(socket)
        guard path.utf8.count <= HomeLayout.socketPathBytesMax else { throw .socketPathTooLong(path) }
        return path
      }
      if let home = home ?? environment["RBOT_HOME"], !home.isEmpty {
        return try HomeLayout(home: home, environment: environment, user: user).controlSocket
      }
      if let local = try? HomeLayout(home: ".rbot", environment: environment, user: user).controlSocket,
        exists(local)
      {
        return local
      }
      return try HomeLayout(home: nil, environment: environment, user: user).controlSocket
    } catch {
      throw Failure(.usage, "home", "\(error)")
    }
  }
}
