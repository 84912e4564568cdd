import ArgumentParser

/// The options that every command takes, before or after its name.
struct ConnectionOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The home of the daemon to speak to.", valueName: "dir"))
  var home: String?

  @Option(help: ArgumentHelp("Its control socket, wherever its home is.", valueName: "path"))
  var socket: String?

  @Flag(help: "Print JSON as the daemon gives it; streams print one object per line.")
  var json = false

  /// What was given on either side of the command's name.
  struct Values: Sendable {
    var home: String?
    var socket: String?
    var json: Bool

    /// What says which daemon is meant, as it would be typed again; with a space before it, empty where nothing was said.
    var place: String {
      if let socket { return " --socket \(ShellWord.quoted(socket))" }
      return home.map { " --home \(ShellWord.quoted($0))" } ?? ""
    }

    /// The daemon tells what to type without knowing how it was reached: its commands work when typed as they are then.
    func placing(_ text: String) -> String {
      place.isEmpty ? text : text.replacing(": rbotctl ", with: ": rbotctl\(place) ")
    }
  }

  /// These, and what they leave open from `outer`. A socket or home given here wins over either given there.
  func merged(over outer: ConnectionOptions) -> Values {
    let isGivenHere = home != nil || socket != nil
    return Values(
      home: isGivenHere ? home : outer.home, socket: isGivenHere ? socket : outer.socket,
      json: json || outer.json)
  }
}
