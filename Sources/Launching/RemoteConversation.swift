internal import Text

/// The coordinator's side of the conversation with ``RemoteScript``: lines in, actions out.
package struct RemoteConversation {
  package enum Action: Equatable {
    case send(String)
    case sendFile(ProgramFiles.File)
    /// The host is ready to start its worker.
    case beReady
    /// The host cannot run a worker, whatever is retried.
    case fail(String)
  }

  private let files: ProgramFiles
  /// The address of the coordinator as the host sees it; nil before it says so.
  package private(set) var coordinatorAddress: String?
  /// The address at which ssh reached the host.
  package private(set) var ownAddress: String?
  /// The port of the host's loopback interface that ssh forwards to the coordinator.
  package private(set) var tunnelPort: Int?
  /// Whether the script has begun, so that ssh works.
  package private(set) var hasBegun = false
  /// The last lines that the host or ssh printed.
  package private(set) var lastLines: [String] = []
  private var rounds = 0

  private static let maxLines = 20
  private static let maxRounds = 8

  package init(_ files: ProgramFiles) { self.files = files }

  package mutating func handle(_ line: String) -> [Action] {
    guard line.hasPrefix(RemoteScript.marker) else { return note(line) }
    let words = line.dropFirst(RemoteScript.marker.count).split(separator: " ", omittingEmptySubsequences: false)
      .map(String.init)
    let rest = words.dropFirst().filter { !$0.isEmpty }
    switch words[0] {
    case "hello": return begin(Array(words.dropFirst()))
    case "absent": return send(rest) + [.send("trace\n")]
    case "missing": return rest.isEmpty ? [.beReady] : sendLibraries(rest)
    case "failed": return [.fail(rest.joined(separator: " "))]
    default: return []
    }
  }

  private mutating func note(_ line: String) -> [Action] {
    // "Allocated port 40000 for remote forward to 127.0.0.1:7700": ssh(1), option -R. Forwards of the user's
    // configuration follow that of the command line.
    let words = line.split(separator: " ")
    if tunnelPort == nil, words.starts(with: ["Allocated", "port"]), words.count > 2, let port = UInt16(words[2]) {
      tunnelPort = Int(port)
      return []
    }
    if tunnelPort == nil, line == "Warning: remote port forwarding failed for listen port 0" {
      return [.fail("ssh cannot open the tunnel: the host does not allow --tunnel (AllowTcpForwarding)")]
    }
    guard !line.isEmpty else { return [] }
    lastLines.append(line)
    if lastLines.count > Self.maxLines { lastLines.removeFirst() }
    return []
  }

  /// - Parameter words: the machine, the coordinator's address, and the host's
  private mutating func begin(_ words: [String]) -> [Action] {
    hasBegun = true
    // What was printed before, such as a banner, does not explain later failures.
    lastLines = []
    guard words.first == files.machine else {
      return [
        .fail(
          """
          its processor is \(words.first ?? "unknown"), and this program is for \(files.machine). Install Atelier \
          there, and run `atelier keys invite` here
          """)
      ]
    }
    (coordinatorAddress, ownAddress) = (address(words, 1), address(words, 2))
    return []
  }

  private func address(_ words: [String], _ index: Int) -> String? {
    guard words.indices.contains(index), HostAddress.isNumeric(words[index]) else { return nil }
    return words[index]
  }

  private func send(_ names: [String]) -> [Action] {
    names.flatMap { name in files.required.filter { $0.name == name } }.flatMap(actions)
  }

  private func actions(_ file: ProgramFiles.File) -> [Action] {
    [.send("file \(file.name) \(file.size) \(file.digest)\n"), .sendFile(file)]
  }

  private mutating func sendLibraries(_ names: [String]) -> [Action] {
    rounds += 1
    guard rounds <= Self.maxRounds else {
      return [.fail("libraries are still missing there: \(names.listed(atMost: 5))")]
    }
    var actions: [Action] = []
    for name in names {
      do throws(LaunchError) {
        guard let library = try files.systemLibrary(named: name) else {
          return [.fail("the library \(name) is missing there, and this program has not loaded it")]
        }
        actions += self.actions(library)
      } catch { return [.fail("\(error)")] }
    }
    return actions + [.send("trace\n")]
  }
}
