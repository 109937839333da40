internal import Foundation

/// Addresses of hosts in numeric form.
package enum HostAddress {
  /// Returns the address of a host: of its name, or else the one that Slurm has for it, because the names of nodes need
  /// not be names of hosts.
  /// - Returns: nil if it is unknown
  package static func resolve(_ host: String, launcher: LaunchEnvironment.Launcher) -> String? {
    if let address = lookUp(host) { return address }
    return launcher == .slurm ? addressOfNode(host) : nil
  }

  private static func lookUp(_ host: String) -> String? {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, nil, &hints, &list) == 0, let first = list else { return nil }
    defer { freeaddrinfo(list) }
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    guard
      getnameinfo(
        first.pointee.ai_addr, first.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
    else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Reads `NodeAddr` from `scontrol show node`, which may be a name itself.
  private static func addressOfNode(_ node: String) -> String? {
    guard let child = try? ChildProcess(["scontrol", "show", "node", "--oneliner", node]) else { return nil }
    child.closeInput()
    var output: [UInt8] = []
    while let bytes = child.read(), output.count < 1 << 20 {
      output += bytes
      if bytes.isEmpty { child.wait(milliseconds: 100, forWriting: false) }
    }
    child.end()
    return nodeAddress(in: String(decoding: output, as: UTF8.self)).flatMap(lookUp)
  }

  /// Returns whether a text is an address as sshd and ssh write it: digits with dots or colons, and the zone of a
  /// link-local address, which is the name of an interface.
  static func isNumeric(_ text: some StringProtocol) -> Bool {
    let address = text.prefix { $0 != "%" }
    return !address.isEmpty && address.allSatisfy { $0.isASCII && ($0.isHexDigit || ".:".contains($0)) }
      && (address.endIndex == text.endIndex || ProgramFiles.isPlain(String(text[address.endIndex...].dropFirst())))
  }

  /// Returns the value of `NodeAddr` in the output of `scontrol`.
  package static func nodeAddress(in text: String) -> String? {
    text.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("NodeAddr=") }.map {
      String($0.dropFirst("NodeAddr=".count))
    }
  }

  /// Returns whether an address belongs to this host.
  package static func isOwn(_ address: String) -> Bool {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
    hints.ai_flags = AI_NUMERICHOST
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(address, nil, &hints, &list) == 0, let first = list else { return false }
    defer { freeaddrinfo(list) }
    let file = socket(first.pointee.ai_family, first.pointee.ai_socktype, 0)
    guard file >= 0 else { return false }
    defer { close(file) }
    return bind(file, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0
  }
}
