internal import ArgumentParser
internal import Dashboard
internal import Logging

extension LiveAddress: ExpressibleByArgument {
  package init?(argument: String) {
    guard let address = try? LiveAddress(argument) else { return nil }
    self = address
  }
}

/// A page in the browser that follows the work.
struct LiveOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Show the work as it goes on in a web page: on this machine only, unless a host's address is given as well; then the \
      page's address, which is told at the start, has a token in it.
      """, valueName: "[host:]port"))
  var live: LiveAddress?

  /// Shows the page while `body` lasts, and says where.
  /// - Parameter title: of the page
  func withPage<Result>(_ title: String, _ options: ComputeOptions, _ body: () throws -> Result) throws -> Result {
    guard let live else { return try body() }
    let address = try LiveRun.start(title, at: live)
    options.logger.notice("live page: \(address)")
    do {
      let result = try body()
      LiveRun.finish("The work is done.")
      return result
    } catch {
      LiveRun.finish("The work has ended early: \(error)")
      throw error
    }
  }
}
