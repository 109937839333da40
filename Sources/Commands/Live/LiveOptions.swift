internal import ArgumentParser
internal import Dashboard
internal import Logging

extension LiveAddress: ExpressibleByArgument {
  package init?(argument: String) {
    guard let address = try? LiveAddress(argument) else { return nil }
    self = address
  }
}

/// The option for the live page.
struct LiveOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Port of a live web page that shows progress. It is reachable from this machine only, unless a host address is \
      given as well; the page's address, which is printed at the start, then contains an access token.
      """, valueName: "[host:]port"))
  var live: LiveAddress?

  /// Serves the page while `body` runs, and logs its address.
  /// - Parameter title: the title of the page
  func withPage<Result>(_ title: String, _ options: ComputeOptions, _ body: () throws -> Result) throws -> Result {
    guard let live else { return try body() }
    let address = try LiveRun.start(title, at: live)
    options.logger.notice("live page: \(address)")
    do {
      let result = try body()
      LiveRun.finish("Finished.")
      return result
    } catch {
      LiveRun.finish("Stopped: \(error)")
      throw error
    }
  }
}
