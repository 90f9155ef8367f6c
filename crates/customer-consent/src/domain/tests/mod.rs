mod asked_anew;
mod machine;
mod properties;
mod rules;
