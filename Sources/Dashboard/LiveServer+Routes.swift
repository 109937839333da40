extension LiveServer {
  private enum Route: String {
    case page = "/"
    case events = "/events"
    case metrics = "/metrics"
    case health = "/healthz"
  }

  /// Answers the one request of a connection.
  func serve(_ connection: Connection) {
    switch connection.readHead() {
    case .none: return
    case .tooLong:
      let limit = "A request has at most \(Request.headLimit) bytes here."
      _ = connection.send(Response.text(.fieldsTooLarge, limit).encoded())
    case .complete(let head):
      if let request = Request(head: head) {
        answer(request, on: connection)
      } else {
        _ = connection.send(Response.text(.badRequest, "This is no request that can be read.").encoded())
      }
    }
    connection.finish()
  }

  private func answer(_ request: Request, on connection: Connection) {
    let isHead = request.method == "HEAD"
    func send(_ response: Response) { _ = connection.send(response.encoded(headOnly: isHead)) }

    if let refusal = gate.refusal(of: request) { return send(refusal) }
    guard let route = Route(rawValue: String(request.path)) else {
      return send(.text(.notFound, "There is nothing here. The page is at /."))
    }
    guard isHead || request.method == "GET" else {
      return send(.text(.methodNotAllowed, "This page is only shown.", [("Allow", "GET, HEAD")]))
    }
    guard !request.hasBody else { return send(.text(.contentTooLarge, "A request has no body here.")) }
    if route != .health, let answer = gate.answerAboutToken(to: request, path: route.rawValue) { return send(answer) }

    switch route {
    case .health: send(.text(.ok, "ok"))
    case .metrics: send(metrics)
    case .page: send(PageDocument(of: page).response)
    case .events:
      if isHead { return send(EventStream.head) }
      let isFree = withStream { EventStream(of: page, on: connection).run(until: { isStopping }) }
      if !isFree { send(.text(.unavailable, "Too many are looking.", [("Retry-After", "10")])) }
    }
  }

  /// See https://prometheus.io/docs/instrumenting/exposition_formats/.
  private var metrics: Response {
    Response(
      status: .ok, type: "text/plain; version=0.0.4; charset=utf-8",
      body: page.current.metrics.map(\.prometheusText).joined())
  }
}
