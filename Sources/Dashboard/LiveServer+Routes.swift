extension LiveServer {
  private enum Route: String {
    case page = "/"
    case events = "/events"
    case metrics = "/metrics"
    case health = "/healthz"
  }

  enum QuickAnswer {
    /// What takes no time, so that it needs no thread.
    case response([UInt8])
    case queue(Request)
  }

  /// What is answered whatever else goes on: whoever watches over this process must not be kept waiting by those who look at the page.
  func quickAnswer(to arrival: WaitingRoom.Arrival) -> QuickAnswer {
    guard case .head(let head) = arrival else {
      return .response(
        Response.text(.fieldsTooLarge, "A request has at most \(Request.headLimit) bytes here.").encoded())
    }
    guard let request = Request(head: head) else {
      return .response(Response.text(.badRequest, "This is no request that can be read.").encoded())
    }
    guard request.path == Route.health.rawValue else { return .queue(request) }
    let response = refusal(of: request) ?? health
    return .response(response.encoded(headOnly: request.method == "HEAD"))
  }

  /// Answers the one request of a connection.
  func serve(_ request: Request, on connection: Connection) {
    answer(request, on: connection)
    connection.finish()
  }

  /// Why the request is not answered; nil if it is.
  private func refusal(of request: Request) -> Response? {
    if let refusal = gate.refusal(of: request) { return refusal }
    guard let route = Route(rawValue: String(request.path)) else {
      return .text(.notFound, "There is nothing here. The page is at /.")
    }
    guard request.method == "HEAD" || request.method == "GET" else {
      return .text(.methodNotAllowed, "This page is only shown.", [("Allow", "GET, HEAD")])
    }
    guard !request.hasBody else { return .text(.contentTooLarge, "A request has no body here.") }
    return route == .health ? nil : gate.answerAboutToken(to: request, path: route.rawValue)
  }

  private func answer(_ request: Request, on connection: Connection) {
    let isHead = request.method == "HEAD"
    func send(_ response: Response) { _ = connection.send(response.encoded(headOnly: isHead)) }

    if let refusal = refusal(of: request) { return send(refusal) }
    switch Route(rawValue: String(request.path)) {
    case .metrics: send(metrics)
    case .page: send(PageDocument(of: page).response)
    case .events:
      if isHead { return send(EventStream.head) }
      let isFree = withStream { EventStream(of: page, on: connection).run(until: { isStopping }) }
      if !isFree { send(.text(.unavailable, "Too many are looking.", [("Retry-After", "10")])) }
    case .health, nil: break
    }
  }

  private var health: Response {
    let health = reportHealth()
    return .text(health.isGood ? .ok : .unavailable, health.text)
  }

  /// See https://prometheus.io/docs/instrumenting/exposition_formats/.
  private var metrics: Response {
    Response(
      status: .ok, type: "text/plain; version=0.0.4; charset=utf-8",
      body: page.current.metrics.map(\.prometheusText).joined())
  }
}
