internal import Text

/// A host on which a worker is started through ssh.
package struct LaunchHost: Sendable, Hashable {
  /// HOST or USER@HOST, as ssh takes it.
  package let destination: String
  /// The number of threads of its worker; nil: as many as the host has cores.
  package let threads: Int?

  package static let maxThreads = 1024
  /// The coordinator has a thread and an ssh process for each host.
  package static let maxHosts = 1024

  package init(destination: String, threads: Int? = nil) {
    (self.destination, self.threads) = (destination, threads)
  }

  /// - Parameter text: HOST, USER@HOST, or one of them with `:THREADS`; an IPv6 address is in brackets
  /// - Throws: ``LaunchError``
  package init(_ text: String) throws(LaunchError) {
    func fail(_ reason: String) -> LaunchError { LaunchError("invalid host '\(text)': \(reason)", .wrongUse) }
    var name = text[...]
    var count: Substring?
    // The colon before the threads follows the bracket of an IPv6 address.
    let afterBracket = text.lastIndex(of: "]") ?? text.startIndex
    if let colon = text[afterBracket...].lastIndex(of: ":") {
      (name, count) = (text[..<colon], text[text.index(after: colon)...])
    }
    let user = name.lastIndex(of: "@").map { name[...$0] } ?? ""
    var host = name.dropFirst(user.count)
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
      guard host.prefix(while: { $0 != "%" }).contains(":"), HostAddress.isNumeric(host) else {
        throw fail("brackets enclose an IPv6 address")
      }
    } else if name.contains(":") {
      throw fail("write an IPv6 address in brackets, and HOST:THREADS for a number of threads")
    }
    guard !host.isEmpty, user != "@" else { throw fail("expected HOST, USER@HOST or HOST:THREADS") }
    // ssh would read a leading hyphen as an option.
    guard !name.hasPrefix("-"), !host.hasPrefix("-") else { throw fail("a host name does not begin with '-'") }
    let rest = (user.dropLast() + host).unicodeScalars.first { !Self.isAllowed($0) }
    if let rest { throw fail("'\(rest.escaped(asASCII: true))' is not allowed in a host name") }
    threads = try count.map { text throws(LaunchError) in
      guard let number = Self.threads(text) else {
        throw fail("the number of threads after ':' must be from 1 to \(Self.maxThreads)")
      }
      return number
    }
    destination = "\(user)\(host)"
  }

  /// - Returns: nil if the text is not a number of threads
  fileprivate static func threads(_ text: some StringProtocol) -> Int? {
    guard text.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(text), (1...maxThreads).contains(number)
    else { return nil }
    return number
  }

  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    scalar.isASCII
      && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        || ".-_:%+@".unicodeScalars.contains(scalar))
  }
}

extension [LaunchHost] {
  /// Reads a list of hosts separated by commas: `a,b:16,user@c`.
  /// - Throws: ``LaunchError``, which does not name the option
  package init(list text: String) throws(LaunchError) {
    var hosts: [LaunchHost] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let word = part.trimming(where: \.isWhitespace)
      guard !word.isEmpty else {
        throw LaunchError("invalid list of hosts '\(text)': a host between two commas is missing", .wrongUse)
      }
      hosts.append(try LaunchHost(String(word)))
    }
    try Self.check(hosts)
    self = hosts
  }

  /// Reads a host file as MPI has it: one host in a line, with an optional `slots=THREADS`; `#` begins a comment. A
  /// byte order mark is skipped.
  /// - Parameter path: the path of the file, for errors
  /// - Throws: ``LaunchError``
  package init(file text: String, path: String) throws(LaunchError) {
    var hosts: [LaunchHost] = []
    let lines = text.withoutByteOrderMark.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
      guard let first = words.first else { continue }
      do throws(LaunchError) {
        hosts.append(try Self.host(first, words.dropFirst()))
      } catch { throw LaunchError("\(path), line \(index + 1): \(error)", .wrongUse) }
    }
    do throws(LaunchError) { try Self.check(hosts) } catch { throw LaunchError("\(path): \(error)", .wrongUse) }
    self = hosts
  }

  private static func host(_ name: String, _ words: ArraySlice<String>) throws(LaunchError) -> LaunchHost {
    var host = try LaunchHost(name)
    for word in words {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, parts[0] == "slots", host.threads == nil else {
        throw LaunchError("unexpected '\(word)'; expected HOST, or HOST slots=THREADS", .wrongUse)
      }
      guard let count = LaunchHost.threads(parts[1]) else {
        throw LaunchError("invalid '\(word)': expected slots=1 to slots=\(LaunchHost.maxThreads)", .wrongUse)
      }
      host = LaunchHost(destination: host.destination, threads: count)
    }
    return host
  }

  private static func check(_ hosts: [LaunchHost]) throws(LaunchError) {
    guard !hosts.isEmpty else { throw LaunchError("no host is named", .wrongUse) }
    guard hosts.count <= LaunchHost.maxHosts else {
      throw LaunchError("\(hosts.count) hosts are named, more than \(LaunchHost.maxHosts)", .wrongUse)
    }
    var known: Set<String> = []
    for host in hosts where !known.insert(host.destination).inserted {
      throw LaunchError(
        """
        \(host.destination) is named twice; a host has one worker, and HOST:THREADS sets its number of threads
        """, .wrongUse)
    }
  }
}

extension Substring {
  /// Returns the text without leading and trailing characters of a kind.
  fileprivate func trimming(where isDropped: (Character) -> Bool) -> Substring {
    var rest = drop(while: isDropped)
    while let last = rest.last, isDropped(last) { rest.removeLast() }
    return rest
  }
}
