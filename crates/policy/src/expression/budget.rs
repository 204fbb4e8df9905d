//! How many steps the evaluation of one rule may take.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use cel::{
    IdedExpr,
    common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, operators},
};

use super::Cost;
use crate::Failure;

/// Steps a rule has for one image: a step is one turn of a loop, or one look at 256 bytes of a value.
const STEPS: u64 = 2_000_000;
/// The function that counts a step; no expression can be written to call it.
pub(super) const STEP: &str = "@step";

/// Steps that are left to a rule. Counting them, instead of the time, gives the same verdict on every machine.
#[derive(Debug)]
pub(crate) struct Budget {
    left: Arc<AtomicU64>,
    /// What a step costs for the expression and the values at hand.
    price: Arc<AtomicU64>,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { left: Arc::new(AtomicU64::new(STEPS)), price: Arc::new(AtomicU64::new(1)) }
    }

    /// Pays for looking at each value once; `longest` is the largest of them in bytes.
    pub(super) fn begin(&self, longest: usize, cost: Cost) -> Result<(), Failure> {
        let price = 1 + (longest as u64).saturating_mul(cost.factor()) / 256;
        self.price.store(price, Ordering::Relaxed);
        pay(&self.left, price);
        self.check()
    }

    /// The function behind [`STEP`]: whether there was enough left for one more.
    pub(super) fn step(&self) -> impl Fn() -> bool + Send + Sync + 'static {
        let (left, price) = (Arc::clone(&self.left), Arc::clone(&self.price));
        move || pay(&left, price.load(Ordering::Relaxed))
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.left.load(Ordering::Relaxed) > 0 {
            return Ok(());
        }
        Err(Failure::new(format!(
            "the expression takes more than {STEPS} steps on this image; write it with fewer loops or patterns"
        )))
    }
}

/// Takes the price from what is left, and everything where that is not enough.
fn pay(left: &AtomicU64, price: u64) -> bool {
    let rest = left.load(Ordering::Relaxed).saturating_sub(price);
    left.store(rest, Ordering::Relaxed);
    rest > 0
}

/// Lets every loop count its turns: each predicate `P` becomes `@step() ? P : false`.
pub(super) fn instrument(expression: &mut IdedExpr) {
    match &mut expression.expr {
        Expr::Call(call) => call.target.as_deref_mut().into_iter().chain(&mut call.args).for_each(instrument),
        Expr::Select(select) => instrument(&mut select.operand),
        Expr::Comprehension(comprehension) => {
            instrument(&mut comprehension.iter_range);
            if let Some(predicate) = predicate_mut(comprehension) {
                instrument(predicate);
                let counted = |expr| IdedExpr { id: predicate.id, expr };
                let step = counted(Expr::Call(CallExpr { func_name: STEP.into(), ..CallExpr::default() }));
                let otherwise = counted(Expr::Literal(LiteralValue::Boolean(false.into())));
                let condition = std::mem::take(predicate);
                let args = vec![step, condition, otherwise];
                let call = CallExpr { func_name: operators::CONDITIONAL.into(), target: None, args };
                *predicate = IdedExpr { id: 0, expr: Expr::Call(call) };
            }
        }
        _ => {}
    }
}

/// The condition that the author wrote for each item: `all` and `exists` fold it, the others choose by it.
pub(super) fn predicate(comprehension: &ComprehensionExpr) -> Option<&IdedExpr> {
    let Expr::Call(step) = &comprehension.loop_step.expr else { return None };
    step.args.get(place(&step.func_name)?)
}

fn predicate_mut(comprehension: &mut ComprehensionExpr) -> Option<&mut IdedExpr> {
    let Expr::Call(step) = &mut comprehension.loop_step.expr else { return None };
    step.args.get_mut(place(&step.func_name)?)
}

fn place(operator: &str) -> Option<usize> {
    match operator {
        operators::LOGICAL_AND | operators::LOGICAL_OR => Some(1),
        operators::CONDITIONAL => Some(0),
        _ => None,
    }
}
