import Config
import Model
import Wire

/// Instruments of manifests that the feed does not have: orders for them would be refused one by one.
extension Supervisor {
  /// A warning for each manifest that names some; none where the gateway does not say what there is.
  func strangers(in summary: JSON) -> [ManifestIssue] {
    strangers(in: summary, strategies.compactMap(\.manifest))
  }

  func strangers(in summary: JSON, _ manifests: [StrategyManifest]) -> [ManifestIssue] {
    let known = (summary["feed"]?["instruments"]?.arrayValue ?? []).compactMap(\.stringValue)
    guard !known.isEmpty else { return [] }
    return manifests.compactMap { manifest in
      let missing = (manifest.trading.instruments ?? []).filter { !known.contains($0) }
      guard !missing.isEmpty else { return nil }
      return ManifestIssue(
        path: manifest.path, line: nil,
        message: "trading.instruments: the gateway's feed has no \(missing.joined(separator: ", ")); it has "
          + known.prefix(20).joined(separator: ", ") + (known.count > 20 ? ", …" : ""))
    }
  }
}
