package import Cluster
internal import Evaluation

/// The report's chapter on who worked: tasks over time, waiting, bytes, and faults that were survived.
package struct ClusterChapter: Sendable {
  private let timeline: ClusterTimeline

  package init(_ timeline: ClusterTimeline) { self.timeline = timeline }

  package var section: HTMLSection {
    var blocks: [HTMLBlock] = [.statements(statements), .table(workers)]
    if !timeline.spans.isEmpty {
      blocks.insert(
        .figure(
          HTMLFigure(
            "cluster-timeline", plot, caption: "Each bar is a piece of work, coloured by what it belonged to.")), at: 1)
    }
    if !timeline.events.isEmpty {
      blocks.append(.details(summary: "What happened, second by second", [.table(events)]))
    }
    return HTMLSection("cluster", title: "Who worked", blocks)
  }

  /// For instance `host 4711`.
  private func name(_ worker: ClusterTimeline.Worker) -> String { "\(worker.host) \(worker.process)" }

  // MARK: Words

  private var statements: [HTMLStatement] {
    var statements = [
      HTMLStatement(
        "\(timeline.workers.count)", HTMLText(timeline.workers.count == 1 ? "worker took part." : "workers took part."))
    ]
    let busy = timeline.workers.reduce(0) { $0 + $1.busySeconds }
    let waiting = timeline.workers.reduce(0) { $0 + $1.waitingSeconds }
    if busy > 0, timeline.workers.count > 1 {
      statements.append(
        HTMLStatement(
          percent(waiting / busy),
          "of the workers' time was spent waiting for each other: \(seconds(waiting)) of \(seconds(busy)) s."))
      let bytes = timeline.workers.reduce(0) { $0 + $1.bytesSent }
      statements.append(
        HTMLStatement(megabytes(bytes), "were sent by the workers: results, sums of gradients and states."))
    }
    let faults = timeline.events.count(where: \.isFault)
    if faults > 0 {
      statements.append(
        HTMLStatement("\(faults)", "faults were survived; the results are those of a run without them, bit for bit."))
    }
    return statements
  }

  private func percent(_ share: Double) -> String { "\(formatted(100 * share, digits: 1)) %" }
  private func seconds(_ value: Double) -> String { formatted(value, digits: value < 10 ? 2 : 1) }
  private func megabytes(_ bytes: Int) -> String { "\(formatted(Double(bytes) / 1e6, digits: 1)) MB" }

  private var workers: HTMLTable {
    let all = timeline.workers.reduce(0) { $0 + $1.busySeconds }
    return HTMLTable(
      "Workers",
      columns: [
        .init("worker", .text), .init("threads", .number), .init("instruction set", .text), .init("busy, s", .number),
        .init("share of the work", .number), .init("waiting, s", .number), .init("sent", .number),
      ],
      rows: timeline.workers.map { worker in
        [
          HTMLText(name(worker)), "\(worker.threads)", HTMLText(worker.instructionSet),
          HTMLText(seconds(worker.busySeconds)), HTMLText(all > 0 ? percent(worker.busySeconds / all) : "-"),
          HTMLText(seconds(worker.waitingSeconds)), HTMLText(megabytes(worker.bytesSent)),
        ]
      })
  }

  private var events: HTMLTable {
    HTMLTable(
      "Events", columns: [.init("second", .number), .init("what", .text)],
      rows: timeline.events.map { [HTMLText(formatted($0.seconds, digits: 2)), HTMLText($0.text)] })
  }

  // MARK: Plot

  /// Jobs of one name have one colour.
  private var plot: GanttPlot {
    var kinds: [String] = []
    for job in timeline.jobs where !kinds.contains(job.name) { kinds.append(job.name) }
    return GanttPlot(
      "Who worked when", horizontal: Axis("time since the start", unit: "s"), vertical: Axis("worker"),
      rows: timeline.workers.map(name), kinds: kinds,
      spans: timeline.spans.map { span in
        GanttPlot.Span(
          row: span.worker, kind: kinds.firstIndex(of: timeline.jobs[span.job].name) ?? 0, start: span.start,
          end: span.end, label: span.label)
      },
      markers: timeline.events.filter(\.isFault).prefix(20).map { PlotMarker($0.seconds, label: "fault") })
  }
}
