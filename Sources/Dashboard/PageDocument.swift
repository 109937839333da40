internal import Text

/// The HTML document with the current content of the page. It is complete without its script, which only updates it.
struct PageDocument {
  private let page: LivePage
  private let state: LivePage.State

  init(of page: LivePage) { (self.page, state) = (page, page.current) }

  var response: Response {
    // An unpredictable nonce allows only the style sheet and the script of this response.
    let nonce = randomDigits()
    return Response(
      status: .ok, type: "text/html; charset=utf-8",
      policy: "default-src 'none'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; img-src data:; "
        + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      body: html(nonce: nonce))
  }

  private func html(nonce: String) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>\(page.title.escapedForMarkup)</title>
    <link rel="icon" href="data:,">
    <style nonce="\(nonce)">
    \(Self.styleSheet)\(page.styleSheet)
    </style>
    </head>
    <body>
    <header>
    <h1>\(page.title.escapedForMarkup)</h1>
    <p id="status" role="status" class="\(state.ending == nil ? "" : "finished")">\
    \((state.ending ?? Self.snapshot).escapedForMarkup)</p>
    </header>
    <main id="sections">
    \(state.sections.map(html).joined(separator: "\n"))
    </main>
    <script nonce="\(nonce)">
    \(Self.script)
    </script>
    </body>
    </html>

    """
  }

  /// The status until the script has connected.
  private static let snapshot = "Snapshot from when this page was loaded."

  private func html(of section: LivePage.Section) -> String {
    let heading = section.title.isEmpty ? "<h2 hidden></h2>" : "<h2>\(section.title.escapedForMarkup)</h2>"
    return """
      <section id="section-\(section.id)" data-version="\(page.version(of: section))">\
      \(heading)<div>\(section.html)</div></section>
      """
  }
}
