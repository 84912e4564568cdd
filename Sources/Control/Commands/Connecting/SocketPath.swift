import Glibc
import Platform

/// Finds the daemon's control socket.
enum SocketPath {
  /// What is at a path.
  enum State { case absent, deaf, answers }

  /// The socket to speak to.
  struct Choice: Hashable, Sendable {
    var path: String
    /// What a person should know about the choice: there were others.
    var note: String?
  }

  /// Goes by `--socket`, then `--home`, then `RBOT_HOME`. Otherwise the first where somebody answers: `./.rbot` of a
  /// developer, the home that rbotd itself would choose, the service. A socket that a killed daemon has left behind
  /// never comes before a daemon that lives; it is only named in the complaint when there is none.
  static func find(
    socket: String?, home: String?, environment: [String: String], user: UInt32, state: (String) -> State
  ) -> Result<Choice, Failure> {
    do throws(HomeError) {
      if let socket {
        let path = HomeLayout.absolute(socket)
        guard path.utf8.count <= HomeLayout.socketPathBytesMax else { throw .socketPathTooLong(path) }
        return .success(Choice(path: path))
      }
      if let home = home ?? environment["RBOT_HOME"], !home.isEmpty {
        let layout = try HomeLayout(home: home, environment: environment, user: user)
        return .success(Choice(path: layout.controlSocket))
      }
      return .success(try first(environment, user, state))
    } catch {
      return .failure(Failure(.usage, "home", "\(error)"))
    }
  }

  private static func first(_ environment: [String: String], _ user: UInt32, _ state: (String) -> State)
    throws(HomeError) -> Choice
  {
    let local = try? HomeLayout(home: ".rbot", environment: environment, user: user).controlSocket
    let service = try? HomeLayout(home: nil, environment: [:], user: 0).controlSocket
    let own: String
    do throws(HomeError) {
      own = try HomeLayout(home: nil, environment: environment, user: user).controlSocket
    } catch {
      // Without a home of its own the others may still answer.
      guard let other = [local, service].compactMap({ $0 }).first(where: { state($0) == .answers }) else {
        throw error
      }
      own = other
    }
    var places: [String] = []
    for place in [local, own, service].compactMap({ $0 }) where !places.contains(place) {
      places.append(place)
    }
    let states = places.map { ($0, state($0)) }
    guard let chosen = states.first(where: { $0.1 == .answers })?.0 else {
      return Choice(path: states.first { $0.1 == .deaf }?.0 ?? own)
    }
    if let dead = states.first(where: { $0.1 == .deaf && $0.0 == local }), chosen != local {
      return Choice(
        path: chosen, note: "nobody listens at \(dead.0) any more; this is the daemon at \(chosen)")
    }
    if let other = states.first(where: { $0.1 == .answers && $0.0 != chosen })?.0 {
      return Choice(
        path: chosen, note: "this is the daemon at \(chosen); for the one at \(other) say --socket \(other)")
    }
    return Choice(path: chosen)
  }

  /// Tries to connect, and leaves at once.
  static func probe(_ path: String) -> State {
    guard access(path, F_OK) == 0 else { return .absent }
    let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard fd >= 0 else { return .deaf }
    defer { close(fd) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return .absent }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    // A daemon that is so busy that its queue is full is there all the same.
    return code == 0 || errno == EAGAIN ? .answers : .deaf
  }
}
