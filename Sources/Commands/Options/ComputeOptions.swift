internal import ArgumentParser
internal import Compute
internal import Logging
internal import Text

/// Options for threads and for output while computing.
struct ComputeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Number of threads (default: the number of available cores). Never changes a result.", valueName: "n"))
  var threads: Int?

  @Flag(name: .shortAndLong, help: "Print only results, warnings and errors.")
  var quiet = false

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be from 1 to 1024, not \(threads)")
    }
  }

  /// - Parameter launched: the number of threads that a launcher gives to this process
  /// - Throws: ``InstructionSetError``
  func makeContext(launched: Int? = nil) throws -> ComputeContext {
    let instructionSet = try InstructionSet.chosen()
    if InstructionSet.isProcessorTooOld {
      logger.warning(
        "this processor lacks AVX2; the portable kernels are used, which train networks about 20 times slower")
    }
    let wanted = threads ?? launched ?? availableCores()
    let context = ComputeContext(threads: wanted, instructionSet: instructionSet)
    if context.team.count < wanted {
      logger.warning(
        """
        continuing with \(counted(context.team.count, "thread")) instead of \(wanted): \
        \(ResourceLimitError.threadLimit()); the results are the same
        """)
    }
    return context
  }

  var logger: Logger {
    var logger = Logger(label: "atelier")
    logger.logLevel = quiet ? .warning : .info
    return logger
  }
}
