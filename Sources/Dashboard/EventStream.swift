internal import Foundation

/// The changes of a page, as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html):
/// `page` names all sections that there are, `section` is one of them, `finished` is how the work ended.
///
/// Nothing is queued for a client: whenever it can take something, it gets what is newer than the last that it got.
struct EventStream {
  /// So a section comes at most twice a second, however often it changes.
  private static let pauseMilliseconds: Int32 = 500
  /// Something must be sent now and then to notice a client that vanished; proxies also end what is silent for long.
  private static let mostSilentPauses = 30

  static let head = Response(status: .ok, type: "text/event-stream; charset=utf-8")

  private let page: LivePage
  private let connection: Connection

  init(of page: LivePage, on connection: Connection) { (self.page, self.connection) = (page, connection) }

  /// Returns when the client has left or the work has ended, or with a last look at the page when it is to stop.
  func run(until isStopping: () -> Bool) {
    // Browsers that lose the connection wait so many milliseconds.
    guard connection.send(Self.head.encoded() + Array("retry: 2000\n\n".utf8)) else { return }
    var seen: Int?
    var silentPauses = 0
    while true {
      let isLast = isStopping()
      let state = page.current
      var text = events(of: state, since: seen)
      seen = state.changes
      if text.isEmpty, silentPauses >= Self.mostSilentPauses { text = ": still here\n\n" }
      silentPauses = text.isEmpty ? silentPauses + 1 : 0
      guard connection.send(Array(text.utf8)), !isLast, state.ending == nil else { return }
      guard connection.wait(milliseconds: Self.pauseMilliseconds) || isStopping() else { return }
    }
  }

  /// - Parameter change: what the client has seen; nil if it is new, and may show what was served here before.
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

  /// JSON is one line, as an event's data must be.
  private func event(_ name: String, _ data: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    guard let json = try? encoder.encode(data) else { preconditionFailure("strings can be written as JSON") }
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
  /// The same only for the same content.
  func version(of section: Section) -> String { "\(identity)-\(section.change)" }
}
