internal import ArgumentParser
internal import Models

struct TrainKNNCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "knn",
    abstract: "Trains a k-nearest neighbors model.",
    usage: "atelier train knn [<options>]",
    discussion: """
      The search is exact: it finds the same neighbors as a comparison with every training image. The model contains \
      all training images, so its file is as large as they are.

      Example:  atelier train knn --neighbors 7 --weights distance
      """)

  @OptionGroup var settings: NeighborsSettingOptions
  @OptionGroup var options: TrainOptions

  func run() throws { try options.run(ModelSettings(.knn, settings.values)) }
}
