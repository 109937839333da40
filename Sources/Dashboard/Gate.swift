/// Decides which requests may access the page.
struct Gate {
  /// The address of the server, with the port that it listens on.
  let address: LiveAddress
  let token: AccessToken?
  /// The host name of this machine, which is also accepted if the server listens on all interfaces.
  var machine: String?

  /// Returns the response that refuses the request; nil if the request is allowed.
  ///
  /// Pages of other sites must not send requests through their visitors' browsers: `Origin` reveals such requests, and
  /// `Host` reveals a foreign name that resolves to this machine (DNS rebinding).
  func refusal(of request: Request) -> Response? {
    guard let host = request.fields["host"], isOwn(host) else {
      return .text(
        .forbidden,
        "This page is served at \(pageAddress) only. If the port is forwarded, use the same port number on both sides."
      )
    }
    if let origin = request.fields["origin"] {
      guard origin.lowercased().hasPrefix("http://"), origin.dropFirst(7).lowercased() == host.lowercased() else {
        return .text(.forbidden, "Requests from pages of other sites are refused.")
      }
    }
    return nil
  }

  /// Checks the token.
  /// - Parameter path: the requested path, one of the server's routes
  /// - Returns: a redirect that stores a token given in the query as a cookie, or a refusal; nil if the request is
  ///   allowed
  func answerAboutToken(to request: Request, path: String) -> Response? {
    guard let token else { return nil }
    if let given = request.parameter("token"), token.matches(given) {
      // Keeps the token out of the address bar, the history and copied links; the browser stores it for this host.
      let cookie = "\(cookieName)=\(token.text); Path=/; HttpOnly; SameSite=Strict"
      return .text(.seeOther, "See \(path)", [("Location", path), ("Set-Cookie", cookie)])
    }
    let known = [request.cookie(cookieName), request.bearer].contains { $0.map(token.matches) ?? false }
    return known
      ? nil
      : .text(
        .unauthorized,
        "This page requires a token. Open the complete address, with the token, that Atelier printed at the start.",
        [("WWW-Authenticate", "Bearer realm=\"atelier\"")])
  }

  /// The name of the cookie. It includes the port, since all ports of a host share their cookies, and a host may serve
  /// several pages.
  private var cookieName: String { "atelier-\(address.port)" }

  private func isOwn(_ host: String) -> Bool {
    let lowercase = host.lowercased()
    // Browsers omit port 80, the default of HTTP.
    let whole = address.port == 80 && lowercase.wholeMatch(of: /\[.*\]|[^:]*/) != nil ? lowercase + ":80" : lowercase
    if names.contains(where: { whole == "\($0):\(address.port)" }) { return true }
    // DNS rebinding needs a name, so every numeric address is accepted.
    guard address.isWildcard, let numbers = try? LiveAddress(whole) else { return false }
    return numbers.isNumeric && numbers.port == address.port && numbers.description == whole
  }

  private var names: [String] {
    if address.isLoopback { return ["localhost", "127.0.0.1", "[::1]"] + [address.hostInURL] }
    if address.isWildcard { return ["localhost"] + (machine.map { [$0.lowercased()] } ?? []) }
    return [address.hostInURL]
  }

  /// The URL of the page, without the token.
  var pageAddress: String {
    let host = address.isWildcard ? machine ?? "localhost" : address.hostInURL
    return "http://\(host):\(address.port)/"
  }
}
