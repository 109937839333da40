internal import Synchronization

/// What the live page shows at the moment. Whoever works tells it what is new; a ``LiveServer`` shows it to whoever looks.
///
/// It keeps only the newest of everything, so its size does not depend on how often it is told, nor on who looks and
/// how slowly: telling it something waits for nobody.
package final class LivePage: Sendable {
  /// A part of the page.
  struct Section {
    let id: String
    var title: String
    var html: String
    /// The change of the page that gave it this content.
    var change: Int
  }

  struct State {
    /// Changes to ``sections`` so far.
    var changes = 0
    /// In the order in which they first appeared.
    var sections: [Section] = []
    /// In the order in which they were first measured.
    var metrics: [Metric] = []
    /// How the work ended; nil while it goes on.
    var ending: String?
  }

  package let title: String
  /// For what is in the sections; the page's own comes first.
  let styleSheet: String
  /// Tells this page from others that were served at the same address before.
  let identity = randomDigits()
  private let state = Mutex(State())

  /// - Parameters:
  ///   - title: plain text
  ///   - styleSheet: CSS for the sections, trusted. Sections carry no styles of their own: the page's security policy
  ///     refuses `<style>` and `style="…"` in them (and scripts), but not the presentation attributes of SVG.
  package init(title: String, styleSheet: String = "") { (self.title, self.styleSheet) = (title, styleSheet) }

  /// Adds a section, or puts others' place new content into it.
  /// - Parameters:
  ///   - id: names the section: letters, digits, `-` and `_`
  ///   - title: plain text; nothing is shown for an empty one
  ///   - html: trusted, so escaped by whoever made it. Pictures are `data:` addresses or SVG; nothing else is loaded.
  package func update(section id: String, title: String, html: String) {
    precondition(
      !id.isEmpty && id.utf8.allSatisfy { $0 < 128 && (isLetterOrDigit($0) || $0 == 0x2D || $0 == 0x5F) },
      "'\(id)' is not a name for a section")
    state.withLock { state in
      let index = state.sections.firstIndex { $0.id == id }
      if let index, state.sections[index].title == title, state.sections[index].html == html { return }
      state.changes += 1
      let section = Section(id: id, title: title, html: html, change: state.changes)
      if let index { state.sections[index] = section } else { state.sections.append(section) }
    }
  }

  /// Sets what these were measured to be; others stay as they are.
  package func update(metrics: [Metric]) {
    state.withLock { state in
      for metric in metrics {
        if let index = state.metrics.firstIndex(where: { $0.name == metric.name }) {
          state.metrics[index] = metric
        } else {
          state.metrics.append(metric)
        }
      }
    }
  }

  /// The work is over: pages that are open show this and what came before, and ask no more.
  /// - Parameter message: how it ended, as plain text
  package func finish(_ message: String) { state.withLock { $0.ending = message } }

  /// A copy, which shares its storage with the page: taking it costs next to nothing.
  var current: State { state.withLock { $0 } }
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
  (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
}
