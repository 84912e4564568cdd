import Config
import GatewayService
import Glibc
import NIOSSL
import Synchronization

/// The certificate that TLS shows; read again when it was renewed, for the connections that come then.
final class CertificateHolder: Sendable {
  private let files: DaemonSettings.TLS
  private let current: Mutex<NIOSSLContext>

  /// - Throws: ``GatewayService/GatewayFailure`` with a sentence, when a file is missing or is not what it should be.
  init(_ files: DaemonSettings.TLS) throws(GatewayFailure) {
    self.files = files
    current = Mutex(try Self.read(files))
  }

  var context: NIOSSLContext { current.withLock { $0 } }

  /// Reads the files again; what was read before stays when they will not do.
  func reload() throws(GatewayFailure) {
    let context = try Self.read(files)
    current.withLock { $0 = context }
  }

  private static func read(_ files: DaemonSettings.TLS) throws(GatewayFailure) -> NIOSSLContext {
    try checkSecret(files.key)
    let chain: [NIOSSLCertificate]
    do {
      chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
    } catch {
      throw failure("tls_certificate", files.certificate, "holds no certificates in PEM form", error)
    }
    let key: NIOSSLPrivateKey
    do {
      key = try NIOSSLPrivateKey(file: files.key, format: .pem)
    } catch {
      throw failure("tls_key", files.key, "holds no private key in PEM form without a passphrase", error)
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    do {
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw failure("tls_key", files.key, "is not the key of the certificate in \(files.certificate)", error)
    }
  }

  /// Who can read the key can be this server.
  private static func checkSecret(_ path: String) throws(GatewayFailure) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw GatewayFailure(
        "tls_key",
        "The file of [gateway] tls_key, \(path), cannot be read: \(String(cString: strerror(errno))).")
    }
    guard status.st_mode & 0o007 == 0 else {
      throw GatewayFailure(
        "tls_key", "Every user of this machine may read the key of [gateway] tls_key: chmod o= \(path)")
    }
  }

  private static func failure(
    _ setting: String, _ path: String, _ problem: String, _ error: any Error
  ) -> GatewayFailure {
    let why =
      access(path, R_OK) == 0
      ? "\(problem) (\(error))" : "cannot be read: \(String(cString: strerror(errno)))"
    return GatewayFailure(setting, "The file of [gateway] \(setting), \(path), \(why).")
  }
}
