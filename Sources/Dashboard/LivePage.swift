internal import Synchronization

/// The current content of the live page. The running command updates it; a ``LiveServer`` serves it to browsers.
///
/// Only the newest content is kept, so its size depends neither on the number of updates nor on the number and speed of
/// clients, and an update never waits for a client.
package final class LivePage: Sendable {
  /// A section of the page.
  struct Section {
    let id: String
    var title: String
    var html: String
    /// The number of the change that set this content.
    var change: Int
  }

  struct State {
    /// The number of changes to ``sections``.
    var changes = 0
    /// In order of first appearance.
    var sections: [Section] = []
    /// In order of first measurement.
    var metrics: [PrometheusMetric] = []
    /// The outcome of the run; nil while it is running.
    var ending: String?
  }

  package let title: String
  /// CSS for the sections, appended to the style sheet of the page.
  let styleSheet: String
  /// Distinguishes this page from earlier ones at the same address.
  let identity = randomDigits()
  private let state = Mutex(State())

  /// - Parameters:
  ///   - title: plain text
  ///   - styleSheet: trusted CSS for the sections. The page's security policy blocks `<style>`, `style="…"` and
  ///     scripts in sections, but not the presentation attributes of SVG.
  package init(title: String, styleSheet: String = "") { (self.title, self.styleSheet) = (title, styleSheet) }

  /// Adds a section, or replaces its content if it exists.
  /// - Parameters:
  ///   - id: the identifier of the section: letters, digits, `-` and `_`
  ///   - title: plain text; an empty title is not shown
  ///   - html: trusted HTML, already escaped. Images must be `data:` URLs or SVG; nothing else is loaded.
  package func update(section id: String, title: String, html: String) {
    precondition(
      !id.isEmpty && id.utf8.allSatisfy { $0 < 128 && (isLetterOrDigit($0) || $0 == 0x2D || $0 == 0x5F) },
      "'\(id)' is not a valid section identifier")
    state.withLock { state in
      let index = state.sections.firstIndex { $0.id == id }
      if let index, state.sections[index].title == title, state.sections[index].html == html { return }
      state.changes += 1
      let section = Section(id: id, title: title, html: html, change: state.changes)
      if let index { state.sections[index] = section } else { state.sections.append(section) }
    }
  }

  /// Updates the given metrics; others keep their values.
  package func update(metrics: [PrometheusMetric]) {
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

  /// Ends the updates: open pages keep their content, show the message and stop asking for changes.
  /// - Parameter message: the outcome of the run, as plain text
  package func finish(_ message: String) { state.withLock { $0.ending = message } }

  /// A snapshot of the state. It shares its storage with the page, so it is cheap.
  var current: State { state.withLock { $0 } }
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
  (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
}
