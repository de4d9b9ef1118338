// Runs ours and the peers in turn and prints how they compare.
#include "support/cases.h"

#include <QtCore/QCommandLineParser>
#include <QtCore/QCoreApplication>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>

namespace Benchmarks {

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// Figures of one contender, one a round; or why there are none.
struct Figures
{
    std::vector<double> rounds;
    std::string trouble;
    bool missing = false;

    void add(const Work &work)
    {
        if (!trouble.empty())
            return;
        try {
            rounds.push_back(work());
        } catch (const Missing &e) {
            trouble = e.what();
            missing = true;
        } catch (const std::exception &e) {
            trouble = e.what();
            rounds.clear(); // what was measured before is worth nothing
        }
    }
};

enum class Verdict { Met, Missed, ReportedMet, ReportedMissed, PeerMissing };

const char *textOf(Verdict verdict)
{
    switch (verdict) {
    case Verdict::Met:
        return "yes";
    case Verdict::Missed:
        return "NO";
    case Verdict::ReportedMet:
        return "reported (met)";
    case Verdict::ReportedMissed:
        return "reported (missed)";
    case Verdict::PeerMissing:
        return "peer missing";
    }
    return "";
}

struct Line
{
    std::string id;
    std::string what;
    std::string unit;
    std::string peer;
    double ours = none;
    double theirs = none;
    double ratio = none;
    std::string oursText = {};
    std::string peerText = {};
    std::string ratioText = {};
    std::string targetText = {};
    Verdict verdict = Verdict::Missed;
};

std::string number(double value, const std::string &unit)
{
    char text[64];
    if (unit == "ns" && value >= 1e6)
        std::snprintf(text, sizeof text, "%.1f ms", value / 1e6);
    else if (unit == "ns" && value >= 1e4)
        std::snprintf(text, sizeof text, "%.1f us", value / 1e3);
    else if (value >= 100)
        std::snprintf(text, sizeof text, "%.0f %s", value, unit.c_str());
    else
        std::snprintf(text, sizeof text, "%.2f %s", value, unit.c_str());
    return text;
}

std::string plain(double value)
{
    char text[64];
    std::snprintf(text, sizeof text, "%.3g", value);
    return text;
}

/// A figure a round of what the target is about.
std::vector<double> judged(Target::Kind kind, const std::vector<double> &ours,
                           const std::vector<double> &theirs)
{
    std::vector<double> all;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        if (kind == Target::Kind::AtMost)
            all.push_back(ours[i]);
        else if (i >= theirs.size())
            break;
        else if (kind == Target::Kind::AtMostMore)
            all.push_back(ours[i] - theirs[i]);
        else if (kind == Target::Kind::TimesFaster)
            all.push_back(theirs[i] / ours[i]);
        else
            all.push_back(ours[i] / theirs[i]);
    }
    return all;
}

Line judge(const Case &c, const Comparison &comparison, const Figures &ours, const Figures &theirs)
{
    Line line{.id = c.id, .what = c.what, .unit = c.unit, .peer = comparison.peer};
    const Target &target = comparison.target;
    line.ours = median(ours.rounds);
    line.theirs = median(theirs.rounds);
    line.ratio = median(judged(target.kind, ours.rounds, theirs.rounds));
    line.oursText = ours.trouble.empty() ? number(line.ours, c.unit) : ours.trouble;
    line.peerText = comparison.peer;
    if (comparison.work)
        line.peerText += ": " + (theirs.trouble.empty() ? number(line.theirs, c.unit) : theirs.trouble);

    bool met = false;
    switch (target.kind) {
    case Target::Kind::AtMostTimes:
        line.targetText = "<= " + plain(target.bound) + " x";
        line.ratioText = plain(line.ratio) + " x";
        met = line.ratio <= target.bound;
        break;
    case Target::Kind::TimesFaster:
        line.targetText = ">= " + plain(target.bound) + " x faster";
        line.ratioText = plain(line.ratio) + " x faster";
        met = line.ratio >= target.bound;
        break;
    case Target::Kind::AtMostMore:
        line.targetText = "<= + " + plain(target.bound) + ' ' + c.unit;
        line.ratioText = "+ " + number(line.ratio, c.unit);
        met = line.ratio <= target.bound;
        break;
    case Target::Kind::AtMost:
        line.targetText = "<= " + plain(target.bound) + ' ' + c.unit;
        line.ratioText = "-";
        met = line.ratio <= target.bound;
        break;
    case Target::Kind::Completes:
        line.targetText = "completes";
        line.ratioText = std::isnan(line.ratio) ? "-" : plain(line.ratio) + " x";
        met = ours.trouble.empty();
        break;
    }
    const bool needsPeer = target.kind != Target::Kind::AtMost && target.kind != Target::Kind::Completes;
    if (theirs.missing && needsPeer)
        line.verdict = Verdict::PeerMissing;
    else if (!comparison.enforced)
        line.verdict = met ? Verdict::ReportedMet : Verdict::ReportedMissed;
    else
        line.verdict = met ? Verdict::Met : Verdict::Missed;
    return line;
}

std::vector<Line> measure(const Case &c, int rounds)
{
    Figures ours;
    std::vector<Figures> theirs(c.comparisons.size());
    for (int round = 0; round < rounds; ++round) {
        ours.add(c.ours);
        for (std::size_t i = 0; i < theirs.size(); ++i) {
            if (c.comparisons[i].work)
                theirs[i].add(c.comparisons[i].work);
        }
    }
    std::vector<Line> lines;
    for (std::size_t i = 0; i < theirs.size(); ++i)
        lines.push_back(judge(c, c.comparisons[i], ours, theirs[i]));
    return lines;
}

void print(const Line &line)
{
    std::printf("%-3s %-56s | %-10s | %-50s | %-12s | %-16s | %s\n", line.id.c_str(),
                line.what.c_str(), line.oursText.c_str(), line.peerText.c_str(),
                line.ratioText.c_str(), line.targetText.c_str(), textOf(line.verdict));
    std::fflush(stdout);
}

QJsonObject toJson(const Line &line)
{
    const auto text = [](const std::string &s) { return QString::fromStdString(s); };
    const auto value = [](double v) { return std::isnan(v) ? QJsonValue() : QJsonValue(v); };
    return {{QStringLiteral("id"), text(line.id)},         {QStringLiteral("what"), text(line.what)},
            {QStringLiteral("unit"), text(line.unit)},     {QStringLiteral("peer"), text(line.peer)},
            {QStringLiteral("ours"), value(line.ours)},    {QStringLiteral("theirs"), value(line.theirs)},
            {QStringLiteral("ratio"), value(line.ratio)},  {QStringLiteral("target"), text(line.targetText)},
            {QStringLiteral("ok"), QString::fromLatin1(textOf(line.verdict))}};
}

int report(const QStringList &only, int rounds, bool json)
{
    Cases cases = allCases();
    std::erase_if(cases, [&only](const Case &c) {
        return !only.isEmpty() && !only.contains(QString::fromStdString(c.id));
    });
    if (cases.empty()) {
        std::fprintf(stderr, "No such row\n");
        return 2;
    }
    if (!json) {
        std::printf("%-60s | %-10s | %-50s | %-12s | %-16s | %s\n", "id", "ours", "peer", "ratio",
                    "target", "ok");
    }
    std::map<Verdict, int> counts;
    QJsonArray all;
    for (const Case &c : cases) {
        for (const Line &line : measure(c, rounds)) {
            ++counts[line.verdict];
            if (json)
                all.append(toJson(line));
            else
                print(line);
        }
    }
    if (json) {
        std::printf("%s", QJsonDocument(all).toJson().constData());
    } else {
        std::printf("medians of %d interleaved rounds; enforced targets: %d met, %d missed, %d without "
                    "their peer\n",
                    rounds, counts[Verdict::Met], counts[Verdict::Missed], counts[Verdict::PeerMissing]);
    }
    return counts[Verdict::Missed] > 0 ? 1 : 0;
}

} // namespace
} // namespace Benchmarks

int main(int argc, char *argv[])
{
    if (const int status = Benchmarks::runAsChild(argc, argv); status >= 0)
        return status;
    const QCoreApplication app(argc, argv);

    QCommandLineParser parser;
    const QCommandLineOption only(QStringLiteral("only"), QStringLiteral("Only the row ID; may be repeated."),
                                  QStringLiteral("ID"));
    const QCommandLineOption json(QStringLiteral("json"), QStringLiteral("Print JSON."));
    const QCommandLineOption quick(QStringLiteral("quick"),
                                   QStringLiteral("One round only: to see that it works."));
    const QCommandLineOption rounds(QStringLiteral("rounds"), QStringLiteral("Interleaved rounds."),
                                    QStringLiteral("n"), QStringLiteral("9"));
    parser.addOptions({only, json, quick, rounds});
    parser.addHelpOption();
    parser.process(app);
    const int count = parser.isSet(quick) ? 1 : std::max(1, parser.value(rounds).toInt());
    return Benchmarks::report(parser.values(only), count, parser.isSet(json));
}
