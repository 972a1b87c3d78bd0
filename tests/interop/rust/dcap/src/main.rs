//! dcap-qvl as a peer that appraises the quotes that our verifier appraises. Each line of standard input is one case, tabs between its fields:
//!
//!   quote collateral time root    files, seconds since 1970, and the file of another root's certificate (DER), or "-" for Intel's
//!
//! and each line of the answer is `status WORD`, `refused WHY`, or `error WHY` if the case cannot be read. `rate COUNT` before the fields
//! (and a tab) answers `rate N`: how many such quotes a second of the thread's time it appraises, all collateral each time.
use dcap_qvl::verify::QuoteVerifier;
use dcap_qvl::QuoteCollateralV3;
use std::error::Error;
use std::io::{stdin, stdout, BufRead, Write};

const ROUNDS: usize = 3;

struct Case {
    quote: Vec<u8>,
    collateral: QuoteCollateralV3,
    now: u64,
    verifier: QuoteVerifier,
}

/// Bundles have signatures and lists in hexadecimal; what they lack is empty.
fn collateral(path: &str) -> Result<QuoteCollateralV3, Box<dyn Error>> {
    let bundle: serde_json::Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let text = |name: &str| bundle[name].as_str().unwrap_or("").to_string();
    let bytes = |name: &str| hex::decode(bundle[name].as_str().unwrap_or(""));
    Ok(QuoteCollateralV3 {
        pck_crl_issuer_chain: text("pck_crl_issuer_chain"),
        root_ca_crl: bytes("root_ca_crl")?,
        pck_crl: bytes("pck_crl")?,
        tcb_info_issuer_chain: text("tcb_info_issuer_chain"),
        tcb_info: text("tcb_info"),
        tcb_info_signature: bytes("tcb_info_signature")?,
        qe_identity_issuer_chain: text("qe_identity_issuer_chain"),
        qe_identity: text("qe_identity"),
        qe_identity_signature: bytes("qe_identity_signature")?,
        pck_certificate_chain: None,
    })
}

fn read(fields: &[&str]) -> Result<Case, Box<dyn Error>> {
    let [quote, bundle, now, root] = fields else {
        return Err("four fields expected".into());
    };
    Ok(Case {
        quote: std::fs::read(quote)?,
        collateral: collateral(bundle)?,
        now: now.parse()?,
        verifier: match *root {
            "-" => QuoteVerifier::new_prod(),
            path => QuoteVerifier::new(std::fs::read(path)?),
        },
    })
}

fn one_line(text: String) -> String {
    text.replace(['\n', '\t'], " ")
}

fn judge(case: &Case) -> String {
    match case.verifier.verify(&case.quote, &case.collateral, case.now) {
        Ok(report) => format!("status {}", report.status),
        Err(why) => one_line(format!("refused {why:#}")),
    }
}

/// Seconds of processor time of this process, which has one thread.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds: f64 = stat.split(' ').next().ok_or("no time")?.parse()?;
    Ok(nanoseconds / 1e9)
}

fn rate(case: &Case, count: usize) -> Result<f64, Box<dyn Error>> {
    let mut best: f64 = 0.0;
    for _ in 0..ROUNDS {
        let from = cpu_seconds()?;
        for _ in 0..count {
            case.verifier.verify(&case.quote, &case.collateral, case.now)?;
        }
        best = best.max(count as f64 / (cpu_seconds()? - from));
    }
    Ok(best)
}

fn answer(line: &str) -> Result<String, Box<dyn Error>> {
    let fields: Vec<&str> = line.split('\t').collect();
    match fields[0].strip_prefix("rate ") {
        Some(count) => Ok(format!("rate {:.1}", rate(&read(&fields[1..])?, count.parse()?)?)),
        None => Ok(judge(&read(&fields)?)),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    for line in stdin().lock().lines() {
        let said = answer(&line?).unwrap_or_else(|why| one_line(format!("error {why}")));
        writeln!(stdout(), "{said}")?;
    }
    Ok(())
}
