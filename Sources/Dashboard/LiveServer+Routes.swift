extension LiveServer {
  private enum Route: String {
    case page = "/"
    case events = "/events"
    case metrics = "/metrics"
    case health = "/healthz"
  }

  enum QuickAnswer {
    /// A response that is available at once, without a thread.
    case response([UInt8])
    case queue(Request)
  }

  /// Answers health checks and invalid requests immediately, so that viewers of the page cannot delay a supervisor.
  func quickAnswer(to arrival: WaitingRoom.Arrival) -> QuickAnswer {
    guard case .head(let head) = arrival else {
      return .response(
        Response.text(.fieldsTooLarge, "The request header exceeds \(Request.headLimit) bytes.").encoded())
    }
    guard let request = Request(head: head) else {
      return .response(Response.text(.badRequest, "Malformed request.").encoded())
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

  /// Returns the response that refuses the request; nil if the request is allowed.
  private func refusal(of request: Request) -> Response? {
    if let refusal = gate.refusal(of: request) { return refusal }
    guard let route = Route(rawValue: String(request.path)) else {
      return .text(.notFound, "Not found. The page is at /.")
    }
    guard request.method == "HEAD" || request.method == "GET" else {
      return .text(.methodNotAllowed, "This server is read-only: use GET or HEAD.", [("Allow", "GET, HEAD")])
    }
    guard !request.hasBody else { return .text(.contentTooLarge, "Requests with a body are not supported.") }
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
      if isHead { return send(ServerSentEvents.head) }
      let isFree = withStream { ServerSentEvents(of: page, on: connection).run(until: { isStopping }) }
      if !isFree { send(.text(.unavailable, "Too many viewers; try again later.", [("Retry-After", "10")])) }
    case .health, nil: break
    }
  }

  private var health: Response {
    let health = reportHealth()
    return .text(health.isGood ? .ok : .unavailable, health.text)
  }

  /// The metrics in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/).
  private var metrics: Response {
    Response(
      status: .ok, type: "text/plain; version=0.0.4; charset=utf-8",
      body: page.current.metrics.map(\.prometheusText).joined())
  }
}
