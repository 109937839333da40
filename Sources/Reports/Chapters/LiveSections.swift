package import Datasets
package import Evaluation
package import Progress
internal import Text

/// The sections of the live page about the current job, rendered anew at every change.
package enum LiveSections {
  // MARK: Progress

  /// - Parameters:
  ///   - label: the name of the current step, such as `cnn`
  ///   - rate: units per second
  ///   - secondsLeft: nil if unknown
  package static func progress(_ label: String, _ progress: FitProgress, rate: Double, secondsLeft: Double?)
    -> HTMLSection
  {
    var cards = [HTMLCard(label, position(progress), remark: progress.unit.rawValue)]
    if let epoch = progress.epoch, let epochs = progress.epochs {
      cards.append(HTMLCard("epoch", "\(epoch) of \(epochs)"))
    }
    cards.append(HTMLCard("speed", formatted(rate, digits: rate < 100 ? 1 : 0), remark: "\(progress.unit.rawValue)/s"))
    if let secondsLeft { cards.append(HTMLCard("time left", "\(Int(secondsLeft.rounded())) s")) }
    if let loss = progress.loss { cards.append(HTMLCard("loss", formatted(loss, digits: 4))) }
    return HTMLSection("progress", title: "Progress", [.cards(cards)])
  }

  /// - Parameter text: the workers that the job waits for
  package static func waiting(_ text: String) -> HTMLSection {
    HTMLSection("progress", title: "Progress", [.paragraph(HTMLText(text))])
  }

  private static func position(_ progress: FitProgress) -> String {
    let whole = Double((progress.epochs ?? 1) * progress.total)
    let done = Double(((progress.epoch ?? 1) - 1) * progress.total + progress.done)
    return whole > 0 ? "\(formatted(100 * done / whole, digits: 0)) %" : "-"
  }

  // MARK: Workers

  package static func workers(_ lines: [WorkerLine], unit: String) -> HTMLSection {
    HTMLSection(
      "workers", title: "Workers",
      [
        .table(
          HTMLTable(
            "Workers",
            columns: [
              .init("worker", .text), .init("threads", .number), .init("instruction set", .text),
              .init("activity", .text),
              .init("\(lines.lazy.compactMap(\.unit).first ?? unit)/s", .number), .init("fraction of work", .number),
              .init("sent, MB", .number), .init("waited, s", .number), .init("last seen, s", .number),
            ],
            rows: lines.map { line in
              [
                "\(line.host) \(line.process)", "\(line.threads)", HTMLText(line.instructionSet),
                HTMLText(line.activity),
                HTMLText(formatted(line.rate, digits: line.rate < 100 ? 1 : 0)),
                HTMLText("\(formatted(100 * line.fraction, digits: 0)) %"),
                HTMLText(formatted(Double(line.bytesSent) / 1e6, digits: 1)),
                HTMLText(formatted(line.waitingSeconds, digits: 1)),
                HTMLText(formatted(Double(line.lastSeen) / 1_000, digits: 1)),
              ]
            }))
      ])
  }

  // MARK: Learning

  /// - Parameters:
  ///   - loss: the mean training loss of each completed epoch
  ///   - validationAccuracy: of each completed epoch; nil where it was not measured
  package static func curves(loss: [Double], validationAccuracy: [Double?]) -> HTMLSection {
    func points(_ values: [Double?]) -> [PlotPoint] {
      values.enumerated().map { PlotPoint(Double($0.offset + 1), $0.element ?? .nan) }
    }
    return HTMLSection(
      "curves", title: "Learning curves",
      [
        .gallery([
          HTMLFigure(
            "live-loss",
            LinePlot(
              "Loss", horizontal: Axis("epoch", format: .whole), vertical: Axis("mean training loss"),
              series: [LinePlot.Series("training", points(loss))]),
            caption: "Mean over the training images of each epoch."),
          HTMLFigure(
            "live-accuracy",
            LinePlot(
              "Accuracy", horizontal: Axis("epoch", format: .whole), vertical: Axis("accuracy", format: .percent),
              series: [LinePlot.Series("validation", points(validationAccuracy))]),
            caption: "On the validation set."),
        ])
      ])
  }

  // MARK: Attention

  /// Grad-CAM maps overlaid on a few images.
  /// - Parameters:
  ///   - maps: one for each image, of the same size
  ///   - predictions: (images)
  package static func attention(
    _ maps: [AttentionMap], of images: LabeledImages, predictions: [UInt8], classNames: [String], epoch: Int
  ) -> HTMLSection {
    let side = 96
    let figures = maps.enumerated().map { index, map in
      let pixels = images.pixels[index * images.shape.count..<(index + 1) * images.shape.count]
      let overlay = Picture(values: map.values.map(Double.init), height: map.height, width: map.width)
      let (truth, prediction) = (classNames[Int(images.labels[index])], classNames[Int(predictions[index])])
      return HTMLFigure(
        Identifier("live-attention-\(index + 1)"),
        Picture(pixels, shape: images.shape).overlaid(with: overlay).scaled(toward: side),
        alternative: "Attention map over an image of class \(truth)",
        caption: HTMLText(truth == prediction ? truth : "\(truth), predicted to be \(prediction)"))
    }
    return HTMLSection(
      "attention", title: "Attention maps after epoch \(epoch) (Grad-CAM)", [.gallery(figures)])
  }

  // MARK: Results

  /// The trained models: name, accuracy on the test images, training time in seconds.
  package static func models(_ models: [(name: String, accuracy: Double, seconds: Double)]) -> HTMLSection {
    HTMLSection(
      "models", title: "Models",
      [
        .table(
          HTMLTable(
            "Trained models",
            columns: [.init("model", .text), .init("test accuracy", .number), .init("fit time, s", .number)],
            rows: models.map {
              [
                HTMLText($0.name), "\(formatted(100 * $0.accuracy, digits: 2)) %",
                HTMLText(formatted($0.seconds, digits: 1)),
              ]
            }))
      ])
  }

  /// The trials of a search, the best first.
  package static func trials(
    _ trials: [(parameters: String, score: Double)], done: Int, of total: Int, metric: String
  ) -> HTMLSection {
    HTMLSection(
      "trials", title: "Trials",
      [
        .cards([HTMLCard("evaluated", "\(done) of \(total)")]),
        .table(
          HTMLTable(
            "Best trials so far", columns: [.init("parameters", .text), .init("mean \(metric)", .number)],
            rows: trials.map { [HTMLText($0.parameters), HTMLText(formatted($0.score, digits: 4))] },
            emphasized: trials.isEmpty ? nil : 0)),
      ])
  }
}
