import Accounts
import Hummingbird
import Wire

extension Request {
  /// The PIN that came along: the body's `pin`, else the header `X-PIN`.
  func pin(in body: JSON?) -> String? {
    switch body?["pin"] {
    case .string(let text): return text
    case .number(let digits): return digits
    default: return HTTPFields.Element.Name("X-PIN").flatMap { headers[$0] }
    }
  }

  /// Passes where the right PIN came along.
  ///
  /// - Throws: `AccountRefusal`, 403 with a `pin_…` word.
  func checkPIN(
    in body: JSON?, of principal: Principal, by context: ArenaContext, _ accounts: Accounts
  ) async throws(AccountRefusal) {
    try await accounts.checkPIN(pin(in: body), by: principal.subject, from: context.origin)
  }
}
