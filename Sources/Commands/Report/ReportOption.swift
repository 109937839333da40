internal import ArgumentParser
internal import Foundation
internal import Logging
internal import Models
internal import Reports

/// A report at the end of a run.
struct ReportOption: ParsableArguments {
  @Flag(help: "Write a report of the run at the end, like `atelier report`.")
  var report = false
}

extension RunReport {
  /// Writes the report of a run that is at its end, with the data that it was about.
  ///
  /// What the run has made stands already: a report that cannot be written is no reason to fail; it is said, and that is all.
  /// - Parameter file: one in the run's folder
  /// - Returns: the path of the page; nil if there is none
  /// - Throws: `CancellationError` if the user stops it
  static func write(ofRunWith file: String, _ run: TrainingRun) throws -> String? {
    guard let name = RunFolders.name(ofRunWith: file) else { return nil }
    do {
      let record = try RunFolders.record()
      let report = try RunReport(RunFolders.find(name, in: record), in: record)
      let page = try report.page(of: run.dataset, costs: nil, on: run.context, options: run.options)
      return try RunFolders.withLock(on: name) { try ReportFolder.write(Report(page), to: report.folder) }
    } catch let error where !(error is CancellationError) {
      run.options.logger.warning("there is no report of this run: \(error)")
      return nil
    }
  }
}
