internal import Compute
internal import Datasets
internal import Evaluation
internal import Foundation
internal import Logging
internal import Models
internal import Pipeline
internal import Progress
internal import Reports
internal import Runs
internal import Selection

/// Collects the content of a run's report from the record, the run's models, and the data set.
struct RunReport {
  let run: Run
  private let models: [RunModel]
  private let metrics: [RunMetric]
  private let timeline: ClusterTimeline?
  private let sweep: SweepSummary?
  private let source: DatasetSource?

  init(_ run: Run, in record: RunRecord) throws(RunError) {
    self.run = run
    // A sweep that was resumed after its end has recorded its model twice; the last entry describes the file.
    let made = try record.models(of: run.name)
    models = made.indices.filter { index in !made[(index + 1)...].contains { $0.path == made[index].path } }
      .map { made[$0] }
    metrics = try record.metrics(of: run.name)
    timeline = try record.document(ClusterTimeline.self, as: RunFolders.timelineTitle, of: run.name)
    sweep = try record.document(SweepSummary.self, as: RunFolders.sweepTitle, of: run.name)
    source = try record.document(DatasetSource.self, as: RunFolders.dataTitle, of: run.name)
    try Self.check(run, models: models, metrics: metrics, timeline: timeline, sweep: sweep)
  }

  /// The default folder of the report.
  var folder: String { "\(RunFolders.standard.path(run.name))/report" }

  /// Loads the data set of the run, as it was read then: from the place in the request, else from the recorded one.
  /// - Throws: ``DatasetError``, also if it is another data set
  func loadData(_ request: DataRequest, _ compute: ComputeOptions) throws(DatasetError) -> Dataset {
    let request = request.completed(by: source)
    let dataset = try request.load(compute)
    if dataset.digest == run.dataDigest { return dataset }
    // The same images may have another order of classes.
    let names = models.lazy.compactMap { try? SavedModel(path: $0.path).metadata.classNames }.first
    var (matched, difference): (Dataset?, String) = (nil, "")
    if let names {
      do throws(DatasetError) { matched = try dataset.matchingClasses(names, of: "the model") } catch {
        difference = " (\(error))"
      }
    }
    guard let matched, matched.digest == run.dataDigest else {
      throw .inconsistent(
        path: request.data ?? dataset.name,
        reason: """
          is not the data set of run \(run.name), which was \(run.data), \(run.dataDigest); specify that one with \
          --data\(difference)
          """)
    }
    Logger(label: "atelier").warning("\(dataset.name): \(matched.notes.last ?? "")")
    return matched
  }

  /// Computes everything that the report shows.
  /// - Throws: ``FileError`` if a model is missing; `CancellationError` if the user stops it
  func page(
    of dataset: Dataset, costs: LabelingCosts?, on context: ComputeContext, options: ComputeOptions
  ) throws -> HTMLPage {
    let loaded = try models.map { model in
      let loaded = try LoadedModel(path: model.path)
      try loaded.check(isFittedOn: dataset, digest: run.dataDigest, path: model.path)
      return loaded.classifier
    }
    let search = try step("searching neighbors", options) { try NeighborSearch(dataset, on: context, progress: $0) }
    let evaluated = try evaluate(loaded, dataset, search, context, options)
    let exploration = try step("exploring the data", options) { _ in
      DataExploration(dataset, search: search, on: context)
    }
    let explanations = try explain(loaded, evaluated, dataset, context, options)
    let labelQuality = Self.labelQuality(evaluated, dataset)
    var sections: [HTMLSection] = []
    if !evaluated.isEmpty {
      sections.append(SummaryChapter(evaluated, costs: costs, labelQuality: labelQuality).section)
      sections.append(ComparisonChapter(evaluated).section)
    }
    if let sweep { sections.append(SweepChapter(sweep).section) }
    if let best = evaluated.max(by: { $0.evaluation.accuracy < $1.evaluation.accuracy }) {
      sections.append(AutomationChapter(best, costs: costs, labelQuality: labelQuality).section)
    }
    for (model, explanation) in zip(evaluated, explanations) {
      sections.append(EvaluationChapter(model, testImages: dataset.test).section)
      if let explanation {
        sections.append(ExplanationChapter(explanation, of: dataset, name: model.name).section)
      }
    }
    sections.append(
      DataChapter(exploration, of: dataset, disagreement: try Self.disagreement(evaluated, dataset)).section)
    if let timeline, !timeline.workers.isEmpty { sections.append(ClusterChapter(timeline).section) }
    return HTMLPage(
      title: "Run \(run.name)", subtitle: "\(run.kind) on \(run.data), \(run.started.formatted(.iso8601))",
      sections: sections, footer: ReportPage.footer)
  }

  // MARK: Steps

  private func evaluate(
    _ loaded: [any Classifier], _ dataset: Dataset, _ search: NeighborSearch, _ context: ComputeContext,
    _ options: ComputeOptions
  ) throws -> [EvaluatedModel] {
    try zip(models, loaded).enumerated().map { index, pair in
      let (entry, model) = pair
      // Numbers distinguish several models of one kind.
      let isAlone = models.count { $0.kind == entry.kind } == 1
      let name = model.kind.family.title + (isAlone ? "" : " \(index + 1)")
      return try step("evaluating \(entry.kind)", options) { progress in
        try EvaluatedModel(
          model, name: name, dataset: dataset, cost: cost(entry), learningCurve: learningCurve(entry.kind),
          search: search, on: context, progress: progress)
      }
    }
  }

  private func explain(
    _ loaded: [any Classifier], _ evaluated: [EvaluatedModel], _ dataset: Dataset, _ context: ComputeContext,
    _ options: ComputeOptions
  ) throws -> [ModelExplanation?] {
    try zip(loaded, evaluated).map { model, evaluated in
      try step("explaining \(model.kind.rawValue)", options) { progress in
        try ModelExplanation.make(model, of: dataset, test: evaluated.test, on: context, progress: progress)
      }
    }
  }

  private func step<Result>(
    _ label: String, _ options: ComputeOptions, _ body: ((FitProgress) -> Bool) throws -> Result
  ) throws -> Result {
    let progress = ProgressReporter(label, options: options)
    defer { progress.end() }
    return try body { progress.report($0) }
  }

  private func cost(_ model: RunModel) -> ModelCost {
    let size = try? FileManager.default.attributesOfItem(atPath: model.path)[.size] as? Int
    return ModelCost(
      fitSeconds: model.fitSeconds, testSeconds: model.testSeconds, testImages: model.testImages,
      peakBytes: model.peakBytes, fileBytes: size)
  }

  private func learningCurve(_ kind: String) -> [EpochResult] {
    func values(_ name: String) -> [Int: Double] {
      let own = metrics.filter { $0.model == kind && $0.name == name }
      return Dictionary(own.map { ($0.step, $0.value) }, uniquingKeysWith: { $1 })
    }
    let (loss, training, validation) = (values("loss"), values("training-accuracy"), values("validation-accuracy"))
    return loss.keys.sorted().map { step in
      EpochResult(
        loss: loss[step] ?? .nan, trainingAccuracy: training[step] ?? .nan, validationAccuracy: validation[step])
    }
  }

  // MARK: Labels

  /// Finds possible label errors by the first model that has out-of-sample predictions of all training images: a forest
  /// has them from its out-of-bag trees.
  private static func labelQuality(_ evaluated: [EvaluatedModel], _ dataset: Dataset) -> LabelQuality? {
    evaluated.compactMap(\.holdOut.predictions).first {
      $0.count == dataset.train.count && $0.labels == dataset.train.labels
    }
    .map { LabelQuality(outOfFold: $0) }
  }

  private static func disagreement(_ evaluated: [EvaluatedModel], _ dataset: Dataset) throws -> ModelDisagreement? {
    guard evaluated.count > 1 else { return nil }
    return try ModelDisagreement(
      evaluated.map { ModelDisagreement.Opinion(model: $0.name, probabilities: $0.test.probabilities) },
      labels: dataset.test.labels, classCount: dataset.classCount)
  }
}
