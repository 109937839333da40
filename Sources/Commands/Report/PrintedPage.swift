internal import Compute
internal import Foundation
internal import Models

/// Prints a page as PDF with a browser of the Chromium family, if one is installed.
enum PrintedPage {
  private static let browsers = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
  /// Seconds after which a browser is killed.
  private static let timeout = 120.0

  /// Finds the browser, before any long computation.
  /// - Throws: ``PrintError`` if there is none
  static func browser(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(PrintError) -> String {
    let folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
    for name in browsers {
      for folder in folders where access("\(folder)/\(name)", X_OK) == 0 { return "\(folder)/\(name)" }
    }
    throw PrintError(
      """
      --pdf requires a browser, but none of \(browsers.joined(separator: ", ")) is installed: install Debian's package \
      chromium, or print the page from any browser
      """
    )
  }

  /// Writes `page`, a path that ends in .html, as PDF beside it.
  /// - Returns: the path of the PDF file
  static func print(_ page: String, with browser: String) throws -> String {
    let path = page.replacingOccurrences(of: ".html", with: ".pdf")
    let partial = "\(path).\(getpid()).partial"
    defer { unlink(partial) }
    let profile = NSTemporaryDirectory() + "atelier-print-\(getpid())"
    defer { try? FileManager.default.removeItem(atPath: profile) }
    // If Foundation cannot start its monitoring thread, it would wait forever.
    try SystemThread.check(canStart: 2)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: browser)
    process.arguments = [
      "--headless", "--disable-gpu", "--no-pdf-header-footer", "--user-data-dir=\(profile)",
      "--print-to-pdf=\(absolute(partial))", URL(fileURLWithPath: page).absoluteString,
    ]
    // The browser's sandbox does not work for root; the page was made by Atelier and has no scripts.
    if getuid() == 0 { process.arguments!.insert("--no-sandbox", at: 1) }
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    let start = ContinuousClock.now
    while process.isRunning {
      usleep(50_000)
      if Interruption.isRequested || (ContinuousClock.now - start) / .seconds(1) > timeout {
        kill(process.processIdentifier, SIGKILL)
        if Interruption.isRequested { throw CancellationError() }
        throw PrintError("\(browser) did not print the page within \(Int(timeout)) s; print \(page) from a browser")
      }
    }
    guard process.terminationStatus == 0, rename(partial, path) == 0 else {
      throw PrintError("\(browser) could not print the page; print \(page) from a browser")
    }
    return path
  }

  private static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).path }
}

/// The error of a page that could not be printed.
struct PrintError: Error, Equatable, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
