internal import Foundation

/// The changes of a page as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): `page`
/// lists the current sections, `section` holds the content of one section, `finished` holds the outcome of the run.
///
/// Nothing is queued for a client: when it can receive more, it receives the sections that have changed since.
struct ServerSentEvents {
  /// Limits each section to two updates a second, however often it changes.
  private static let pauseMilliseconds: Int32 = 500
  /// Number of pauses without an event before a comment is sent. Sending detects clients that have vanished, and keeps
  /// proxies from closing an idle connection.
  private static let mostSilentPauses = 30

  static let head = Response(status: .ok, type: "text/event-stream; charset=utf-8")

  private let page: LivePage
  private let connection: Connection

  init(of page: LivePage, on connection: Connection) { (self.page, self.connection) = (page, connection) }

  /// Sends events until the client disconnects, the run ends or the server stops; a stopping server sends the last
  /// changes first.
  func run(until isStopping: () -> Bool) {
    // `retry`: the time in milliseconds after which a browser reconnects.
    guard connection.send(Self.head.encoded() + Array("retry: 2000\n\n".utf8)) else { return }
    var seen: Int?
    var silentPauses = 0
    while true {
      let isLast = isStopping()
      let state = page.current
      var text = events(of: state, since: seen)
      seen = state.changes
      if text.isEmpty, silentPauses >= Self.mostSilentPauses { text = ": keep-alive\n\n" }
      silentPauses = text.isEmpty ? silentPauses + 1 : 0
      guard connection.send(Array(text.utf8)), !isLast, state.ending == nil else { return }
      guard connection.wait(milliseconds: Self.pauseMilliseconds) || isStopping() else { return }
    }
  }

  /// Returns the events since a change.
  /// - Parameter change: the last change that the client has received; nil for a new client, which may still show an
  ///   earlier page of this address
  private func events(of state: LivePage.State, since change: Int?) -> String {
    var text = change == nil ? event("page", PageEvent(sections: state.sections.map(\.id))) : ""
    for section in state.sections where section.change > change ?? 0 {
      let version = page.version(of: section)
      text += event(
        "section", SectionEvent(id: section.id, title: section.title, version: version, html: section.html))
    }
    if let ending = state.ending { text += event("finished", FinishedEvent(message: ending)) }
    return text
  }

  /// Encodes an event. The data is JSON on one line, as the format requires.
  private func event(_ name: String, _ data: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    guard let json = try? encoder.encode(data) else { preconditionFailure("strings can always be encoded as JSON") }
    return "event: \(name)\ndata: \(String(decoding: json, as: UTF8.self))\n\n"
  }
}

private struct PageEvent: Encodable { let sections: [String] }

private struct SectionEvent: Encodable {
  let id: String
  let title: String
  let version: String
  let html: String
}

private struct FinishedEvent: Encodable { let message: String }

extension LivePage {
  /// A string that differs whenever the content of the section differs.
  func version(of section: Section) -> String { "\(identity)-\(section.change)" }
}
