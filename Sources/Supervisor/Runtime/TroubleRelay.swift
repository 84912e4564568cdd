import SupervisorStore
import Synchronization

/// Carries the store's troubles from its threads to the supervisor, which does not exist yet when the store opens.
final class TroubleRelay: Sendable {
  private let held = Mutex<Supervisor?>(nil)

  var supervisor: Supervisor? {
    get { held.withLock { $0 } }
    set { held.withLock { $0 = newValue } }
  }

  func tell(_ trouble: String?) {
    supervisor?.later { $0.storeTrouble(trouble) }
  }
}

extension Supervisor {
  /// A line that may itself wait for the disk: it is written when that works again, and followers see it now.
  func storeTrouble(_ trouble: String?) {
    if let trouble {
      say(.error, "\(trouble) Everything runs on; lines that find no room are lost and counted.")
    } else {
      let lost = store.lost
      say(.warning, "the database takes records again" + (lost > 0 ? "; \(lost) were lost so far" : ""))
    }
  }
}
