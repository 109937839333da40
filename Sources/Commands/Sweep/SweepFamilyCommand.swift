internal import ArgumentParser
internal import Models
internal import Selection
internal import Text

/// Searches the parameters of a family of models: `atelier sweep NAME`.
struct SweepFamilyCommand<Family: ModelFamily>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: Family.kind.rawValue, abstract: "Searches the parameters of \(Family.noun).",
      usage: "atelier sweep \(Family.kind.rawValue) [<parameters>] [<options>]",
      discussion: """
        Each parameter takes a comma-separated list of values.\(Family.listsNote)

        Example:  atelier sweep \(Family.kind.rawValue) \(Family.searchExample)
        """)
  }

  @OptionGroup(title: "Parameters (values separated by commas\(Family.lists.isEmpty ? "" : ", lists by semicolons"))")
  var settings: SettingOptions<Family>
  @OptionGroup var sweep: SweepOptions

  func validate() throws {
    if sweep.common.resume != nil { try SearchOptions.checkResume(settings.givenNames) }
  }

  func run() throws { try sweep.run(Family.kind) { try definition() } }

  /// The sweep that the options define. Its errors name the options.
  private func definition() throws(SweepError) -> SweepDefinition {
    do throws(SweepError) { return try sweep.search.definition(of: Family.kind, settings.values) } catch {
      throw SweepError(settings.attributing("\(sweep.search.overrides.attributing(error))"))
    }
  }
}

extension ModelFamily {
  static var sweepCommand: any ParsableCommand.Type { SweepFamilyCommand<Self>.self }

  /// The settings whose values are lists.
  fileprivate static var lists: [String] { Settings.facts.filter { $0.values.kind == .list }.map(\.name) }

  fileprivate static var listsNote: String {
    if lists.isEmpty { return "" }
    let names = lists.joined(separator: ", ", last: " and ")
    return " The values of \(names) are lists themselves, and are separated by semicolons."
  }
}
