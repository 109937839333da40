/// Who may see the page.
struct Gate {
  /// With the port that was found to be free.
  let address: LiveAddress
  let token: AccessToken?
  /// The name of this machine, one of many if it listens on all interfaces.
  var machine: String?

  /// What keeps the request out; nil if nothing does.
  ///
  /// A page of another site may not ask in its visitor's name: its `Origin` shows who asks, and where its own name was
  /// made to lead here (DNS rebinding), `Host` shows it.
  func refusal(of request: Request) -> Response? {
    guard let host = request.fields["host"], isOwn(host) else {
      return .text(
        .forbidden,
        "This page is at \(pageAddress) and not at the address that you used. If the port is forwarded, give it the same number."
      )
    }
    if let origin = request.fields["origin"] {
      guard origin.lowercased().hasPrefix("http://"), origin.dropFirst(7).lowercased() == host.lowercased() else {
        return .text(.forbidden, "Pages of other sites may not look in here.")
      }
    }
    return nil
  }

  /// What the request's lack of the token, or the first sight of it, leads to; nil if it may pass.
  /// - Parameter path: where it goes, one of the paths that there are
  func answerAboutToken(to request: Request, path: String) -> Response? {
    guard let token else { return nil }
    if let given = request.parameter("token"), token.matches(given) {
      // Out of the address bar, the history and what is copied from there; the browser keeps it for this host.
      let cookie = "\(cookieName)=\(token.text); Path=/; HttpOnly; SameSite=Strict"
      return .text(.seeOther, "See \(path)", [("Location", path), ("Set-Cookie", cookie)])
    }
    let known = [request.cookie(cookieName), request.bearer].contains { $0.map(token.matches) ?? false }
    return known
      ? nil
      : .text(
        .unauthorized,
        "This page is shown to those who know its token. Open the whole address that was printed where the work was started.",
        [("WWW-Authenticate", "Bearer realm=\"atelier\"")])
  }

  /// Cookies know hosts but not ports, and a host may have several pages.
  private var cookieName: String { "atelier-\(address.port)" }

  private func isOwn(_ host: String) -> Bool {
    let lowercase = host.lowercased()
    // Browsers leave out the port that http implies.
    let whole = address.port == 80 && lowercase.wholeMatch(of: /\[.*\]|[^:]*/) != nil ? lowercase + ":80" : lowercase
    if names.contains(where: { whole == "\($0):\(address.port)" }) { return true }
    // Only a name can be made to lead here; an address in numbers cannot.
    guard address.isWildcard, let numbers = try? LiveAddress(whole) else { return false }
    return numbers.isNumeric && numbers.port == address.port && numbers.description == whole
  }

  private var names: [String] {
    if address.isLoopback { return ["localhost", "127.0.0.1", "[::1]"] + [address.hostInURL] }
    if address.isWildcard { return ["localhost"] + (machine.map { [$0.lowercased()] } ?? []) }
    return [address.hostInURL]
  }

  /// Where a browser finds the page, without the token.
  var pageAddress: String {
    let host = address.isWildcard ? machine ?? "localhost" : address.hostInURL
    return "http://\(host):\(address.port)/"
  }
}
