internal import ArgumentParser
internal import Foundation
internal import Logging
internal import Models
internal import Pipeline
internal import Reports

/// The option for a report at the end of a run.
struct ReportOption: ParsableArguments {
  @Flag(help: "Write a report of the run at the end, as `atelier report` does.")
  var report = false
}

extension RunReport {
  /// Writes the report of a finished run.
  ///
  /// The results of the run are already saved, so that an error is only logged as a warning.
  /// - Parameter file: a file in the run's folder
  /// - Returns: the path of the page; nil if it could not be written
  /// - Throws: `CancellationError` if the user stops it
  static func write(ofRunWith file: String, _ run: TrainingRun, _ options: ComputeOptions) throws -> String? {
    guard let name = RunFolders.standard.name(ofRunWith: file) else { return nil }
    do {
      let record = try RunFolders.standard.record()
      let report = try RunReport(RunFolders.standard.find(name, in: record), in: record)
      let page = try report.page(of: run.dataset, costs: nil, on: run.context, options: options)
      return try RunFolders.standard.withLock(on: name) { try ReportFolder.write(Report(page), to: report.folder) }
    } catch let error where !(error is CancellationError) {
      options.logger.warning("the report could not be written: \(error)")
      return nil
    }
  }
}
