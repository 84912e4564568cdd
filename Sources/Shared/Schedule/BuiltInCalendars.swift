/// The calendars that are part of the program.
extension TradingCalendar {
  /// Their files by the names of the calendars.
  private static let files: [String: [UInt8]] = [
    "nyse": PackageResources.nyse_calendar,
    "nasdaq": PackageResources.nasdaq_calendar,
    "lse": PackageResources.lse_calendar,
    "cme_futures": PackageResources.cme_futures_calendar,
    "cme_fx": PackageResources.cme_fx_calendar,
    "forex": PackageResources.forex_calendar,
    "crypto": PackageResources.crypto_calendar,
  ]

  /// Their names, sorted.
  public static var builtIn: [String] { files.keys.sorted() }

  /// The text of a calendar's file; nil where none of that name is built in.
  public static func builtIn(_ name: String) -> String? {
    files[name].map { String(decoding: $0, as: UTF8.self) }
  }
}
